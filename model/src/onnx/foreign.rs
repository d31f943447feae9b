//! Foreign: a plain network that somebody else trained, as a model.
//!
//! Lives here: which graphs are plain networks, and their tables as ours. Does not live here: graphs that were exported
//! here (those are [`super::import`]'s).
//!
//! A plain network takes all features as one `FLOAT [N, features]`, in the order of the schema, and goes through tables
//! (`Gemm`, or `MatMul` and `Add`), with `Relu` or `Tanh` between them. In the end there is a `Softmax`, or a `Sigmoid`
//! for two classes, or nothing: then these are the logits of classes, or the number itself.
//!
//! Our rows are standardised. The scale is folded into the first table, so the model says what the graph says, but for
//! what is cut: further than eight deviations out, it says what the graph says of eight. A missing number is a usual
//! one, and a missing truth value half true.

use std::sync::Arc;

use super::{Constant, Element, Graph, Node, Numbers, Op};
use crate::architecture::{Activation, Architecture, Block, Hyper};
use crate::cost::Shape;
use crate::device::Device;
use crate::encoder::{Encoder, Scale};
use crate::error::ModelError;
use crate::mixture::MixtureNetwork;
use crate::model::Model;
use crate::network::Network;
use crate::schema::{Schema, Target};
use crate::weights::{Role, Weights};

/// Numbers input by output, and what is added.
struct Layer {
    table: Vec<f64>,
    columns: usize,
    bias: Vec<f64>,
    activation: Option<Activation>,
}

/// What becomes of the last sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Nothing,
    Softmax,
    Sigmoid,
}

/// A graph on its way to layers.
struct Chain<'a> {
    graph: &'a Graph,
    /// The value that is passed on.
    at: &'a str,
    width: usize,
    layers: Vec<Layer>,
    end: End,
}

fn refused<T>(message: impl Into<String>) -> Result<T, ModelError> {
    Err(ModelError::Architecture(message.into()))
}

impl Model {
    /// The model of a plain network, for rows of this schema on the scale of this encoder. Anything else is refused,
    /// naming the operator.
    pub fn from_plain_graph(
        graph: &Graph,
        schema: Arc<Schema>,
        encoder: Encoder,
        device: &Device,
    ) -> Result<Self, ModelError> {
        let mut chain = Chain::begin(graph, &schema)?;
        graph.nodes.iter().try_for_each(|node| chain.take(node))?;
        let mut layers = chain.finish(schema.target())?;
        fold(&mut layers, &encoder)?;
        let shape = Shape::with_labels(encoder.width(), schema.target());
        let (architecture, weights) = network(&layers, shape)?;
        let network = Network::from_weights(&architecture, shape, &weights, device)?;
        Self::new(schema, encoder, MixtureNetwork::of_one(network))
    }
}

impl<'a> Chain<'a> {
    fn begin(graph: &'a Graph, schema: &Schema) -> Result<Self, ModelError> {
        let width = schema.features().len();
        match graph.inputs.as_slice() {
            [input] if input.element == Element::Float && input.columns == Some(width) => {
                Ok(Self { graph, at: &input.name, width, layers: Vec::new(), end: End::Nothing })
            }
            _ => refused(format!(
                "a plain network takes one table of floats, [N, {width}] for the features of this schema"
            )),
        }
    }

    fn take(&mut self, node: &'a Node) -> Result<(), ModelError> {
        let name = node.op.name();
        let [output] = node.outputs.as_slice() else {
            return refused(format!("`{name}` has several results"));
        };
        if !node.inputs.iter().any(|input| input == self.at) {
            return refused(format!("`{name}` does not follow what came before it, as in a plain network"));
        }
        if self.end != End::Nothing && node.op != Op::Identity {
            return refused(format!("`{name}` stands behind the end of a plain network"));
        }
        let constants: Vec<&str> =
            node.inputs.iter().map(String::as_str).filter(|input| *input != self.at).collect();
        match (&node.op, constants.as_slice()) {
            (Op::MatMul, [table]) if node.inputs[0] == self.at => {
                self.table(table, None, false)?;
            }
            (Op::Gemm { turned }, [table]) if node.inputs[0] == self.at => {
                self.table(table, None, *turned)?;
            }
            (Op::Gemm { turned }, [table, bias]) if node.inputs[0] == self.at => {
                self.table(table, Some(bias), *turned)?;
            }
            (Op::Add, [bias]) => self.add(bias)?,
            (Op::Relu, []) => self.activate(Activation::Relu)?,
            (Op::Tanh, []) => self.activate(Activation::Tanh)?,
            (Op::Identity, []) => {}
            (Op::Softmax { axis: -1 | 1 }, []) => self.end = End::Softmax,
            (Op::Sigmoid, []) => self.end = End::Sigmoid,
            _ => return refused(format!("the operator `{name}` is not supported here in a plain network")),
        }
        self.at = output;
        Ok(())
    }

    fn table(&mut self, name: &str, bias: Option<&str>, turned: bool) -> Result<(), ModelError> {
        if self.layers.last().is_some_and(|layer| layer.activation.is_none()) {
            return refused(format!("nothing stands between the table `{name}` and the one before it"));
        }
        let (shape, numbers) = self.numbers(name)?;
        let [rows, columns] =
            if turned { [shape.get(1), shape.first()] } else { [shape.first(), shape.get(1)] };
        let (Some(rows), Some(columns), 2) = (rows, columns, shape.len()) else {
            return refused(format!("`{name}` is no table"));
        };
        if *rows != self.width {
            return refused(format!("the table `{name}` takes {rows} numbers, but is given {}", self.width));
        }
        let at =
            |row: usize, column: usize| if turned { column * rows + row } else { row * columns + column };
        let table = (0..*rows).flat_map(|row| (0..*columns).map(move |column| (row, column)));
        let table = table.map(|(row, column)| f64::from(numbers[at(row, column)])).collect();
        self.width = *columns;
        self.layers.push(Layer { table, columns: *columns, bias: vec![0.0; *columns], activation: None });
        bias.map_or(Ok(()), |bias| self.add(bias))
    }

    fn add(&mut self, name: &str) -> Result<(), ModelError> {
        let (shape, numbers) = self.numbers(name)?;
        match self.layers.last_mut() {
            Some(layer) if layer.activation.is_none() && shape.last() == Some(&layer.columns) => {
                if numbers.len() != layer.columns {
                    return refused(format!("`{name}` is no bias"));
                }
                layer.bias.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += f64::from(*number));
                Ok(())
            }
            Some(_) | None => refused(format!("`Add` of `{name}` does not follow a table of that width")),
        }
    }

    fn activate(&mut self, activation: Activation) -> Result<(), ModelError> {
        match self.layers.last_mut() {
            Some(layer) if layer.activation.is_none() => {
                layer.activation = Some(activation);
                Ok(())
            }
            Some(_) | None => refused(format!("`{}` does not follow a table", activation.name())),
        }
    }

    fn numbers(&self, name: &str) -> Result<(&'a [usize], &'a [f32]), ModelError> {
        match self.graph.constants.get(name) {
            Some(Constant { shape, numbers: Numbers::Float(numbers) }) => Ok((shape, numbers)),
            Some(_) | None => refused(format!("`{name}` is no constant of floats")),
        }
    }

    /// The layers, the last of which has an output for each class, or one for a number.
    fn finish(mut self, target: &Target) -> Result<Vec<Layer>, ModelError> {
        if self.graph.outputs.iter().map(|output| output.name.as_str()).ne([self.at]) {
            return refused("a plain network has one output, which is its last value");
        }
        let outputs = target.outputs();
        let Some(last) = self.layers.last_mut().filter(|layer| layer.activation.is_none()) else {
            return refused("a plain network ends with a table");
        };
        let fits = match (target.is_classification(), self.end) {
            (true, End::Nothing | End::Softmax) | (false, End::Nothing) => last.columns == outputs,
            (true, End::Sigmoid) => last.columns == 1 && outputs == 2,
            (false, End::Softmax | End::Sigmoid) => false,
        };
        if !fits {
            return refused(format!(
                "the network ends with {} outputs and {:?}, which is no answer of {outputs} {}",
                last.columns,
                self.end,
                if target.is_classification() { "classes" } else { "number" }
            ));
        }
        if self.end == End::Sigmoid {
            // σ(s) is the second of softmax(0, s).
            last.table = last.table.iter().flat_map(|number| [0.0, *number]).collect();
            last.bias.insert(0, 0.0);
            last.columns = 2;
        }
        Ok(self.layers)
    }
}

/// Scales go into the first table and, of the target, out of the last.
fn fold(layers: &mut [Layer], encoder: &Encoder) -> Result<(), ModelError> {
    let Some(first) = layers.first_mut() else { return refused("there is no table in the graph") };
    let columns = first.columns;
    let mut table = Vec::with_capacity(encoder.width() * columns);
    for (scale, row) in encoder.scales().zip(first.table.chunks_exact(columns)) {
        let (mean, deviation) = match scale {
            Scale::Numeric { mean, deviation } => (mean, deviation),
            // Minus one and one stand for zero and one.
            Scale::Boolean => (0.5, 0.5),
            Scale::Categorical { .. } => return refused("a plain network takes no categories"),
        };
        table.extend(row.iter().map(|weight| deviation * weight));
        if matches!(scale, Scale::Numeric { .. }) {
            table.extend(std::iter::repeat_n(0.0, columns));
        }
        first.bias.iter_mut().zip(row).for_each(|(sum, weight)| *sum += mean * weight);
    }
    first.table = table;
    if let (Some((mean, deviation)), Some(last)) = (encoder.target_scale(), layers.last_mut()) {
        last.table.iter_mut().for_each(|number| *number /= deviation);
        last.bias.iter_mut().for_each(|number| *number = (*number - mean) / deviation);
    }
    Ok(())
}

/// The same network as an architecture and its weights.
fn network(layers: &[Layer], shape: Shape) -> Result<(Architecture, Weights), ModelError> {
    let Some((head, hidden)) = layers.split_last() else { return refused("there is no table in the graph") };
    let mut architecture = Architecture::linear(Hyper::default());
    for layer in hidden {
        let (Some(activation), Ok(width)) = (layer.activation, u16::try_from(layer.columns)) else {
            return refused(format!("a block of {} units is too wide", layer.columns));
        };
        architecture.blocks.push(Block::plain(width, activation));
    }
    architecture.check()?;
    let mut weights = Weights::initial(&architecture, shape, 0);
    let mut fill = |role: Role, numbers: &[f64]| {
        if let Some(array) = weights.0.get_mut(&role.name()) {
            array.data.iter_mut().zip(numbers).for_each(|(to, number)| *to = *number as f32);
        }
    };
    for (index, layer) in hidden.iter().enumerate() {
        fill(Role::BlockWeight(index), &layer.table);
        fill(Role::BlockBias(index), &layer.bias);
    }
    fill(hidden.len().checked_sub(1).map_or(Role::Linear, Role::BlockHead), &head.table);
    fill(Role::Bias, &head.bias);
    Ok((architecture, weights))
}

#[cfg(test)]
mod tests;
