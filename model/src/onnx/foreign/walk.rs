//! Walk: a graph, node by node, as blocks and sums.
//!
//! Lives here: the values so far, the blocks that they have made, and which operator goes where. Does not live here: the
//! operators themselves ([`super::arithmetic`], [`super::curves`]), what the last value answers ([`super::ending`]).

use std::collections::BTreeMap;

use super::curves;
use super::ending::{self, End};
use super::sums::Sums;
use super::{ACCEPTED, Refusal};
use crate::architecture::{Activation, DEPTH_MAX, Norm, WIDTH_MAX};
use crate::onnx::{Element, Graph, Node, Op};
use crate::schema::Schema;

/// Most numbers that all values together may have: a graph that writes large tables out again and again is no network.
const NUMBERS_MAX: usize = 1 << 27;
/// Layers from here on are norms.
const NORMS: usize = usize::MAX / 2;
/// Most multiplications of tables with each other.
const PRODUCTS_MAX: usize = 1 << 32;

/// What a value is, as far as it is known.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Sums(Sums),
    /// It becomes an answer, a gate, or a block.
    Sigmoid(Curve),
    /// On its way to a `Gelu`.
    Erf(Curve),
    /// Probabilities, or their logarithms: what remains are the logits.
    Softmax(Sums),
    LogSoftmax(Sums),
}

/// `scale f(of) + shift`, number by number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Curve {
    pub of: Sums,
    pub scale: f64,
    pub shift: f64,
}

/// A block as it was found.
#[derive(Debug)]
pub(super) struct FoundBlock {
    /// From the layer before, number by number.
    pub table: Vec<f64>,
    pub bias: Vec<f64>,
    pub activation: Activation,
    pub norm: Norm,
}

/// A graph on its way.
pub(super) struct Walk<'a> {
    pub graph: &'a Graph,
    pub schema: &'a Schema,
    values: BTreeMap<&'a str, Value>,
    blocks: Vec<FoundBlock>,
    /// What layer norms were taken of: each is a layer of its own, until an activation makes a block of it.
    norms: Vec<Sums>,
    /// Mean and deviation by which the graph begins, of each feature.
    pub scales: Vec<Option<(f64, f64)>>,
    numbers: usize,
    products: usize,
}

/// All of a graph.
pub(super) struct Walked {
    pub blocks: Vec<FoundBlock>,
    /// Logits, or the number.
    pub head: Sums,
    pub end: End,
    pub scales: Vec<Option<(f64, f64)>>,
}

pub(super) fn walk(graph: &Graph, schema: &Schema) -> Result<Walked, Refusal> {
    let mut walk = Walk {
        graph,
        schema,
        values: BTreeMap::new(),
        blocks: Vec::new(),
        norms: Vec::new(),
        scales: vec![None; schema.features().len()],
        numbers: 0,
        products: 0,
    };
    walk.begin();
    for node in &graph.nodes {
        let output = node.outputs.first().map(String::as_str).unwrap_or_default();
        walk.take(node).map_err(|why| format!("`{}`, which makes `{output}`: {why}", node.op.name()))?;
    }
    let [output] = graph.outputs.as_slice() else {
        return Err("a plain network has one output".into());
    };
    let Some(last) = walk.values.remove(output.name.as_str()) else {
        return Err(format!("no node makes the output `{}`", output.name));
    };
    let (head, end) = ending::answer(&mut walk, last)?;
    Walk::check_settled(&head)?;
    let Walk { blocks, scales, .. } = walk;
    Ok(Walked { blocks, head, end, scales })
}

impl<'a> Walk<'a> {
    fn begin(&mut self) {
        let features = self.schema.features();
        let width = features.len();
        if let [input] = self.graph.inputs.as_slice() {
            self.values.insert(&input.name, Value::Sums(Sums::layer(0, width)));
            return;
        }
        for input in &self.graph.inputs {
            let row = features.iter().position(|feature| feature.name == input.name).unwrap_or_default();
            self.values.insert(&input.name, Value::Sums(Sums::one_of(0, width, row)));
        }
    }

    fn take(&mut self, node: &'a Node) -> Result<(), Refusal> {
        let value = self.value(node)?;
        let made = match &node.op {
            // Its first result is the decision, which nobody asks for here.
            Op::LinearClassifier { .. } => node.outputs.get(1),
            _ => node.outputs.first(),
        };
        let made = made.ok_or("it has no result")?;
        if self.values.insert(made, value).is_some() || self.graph.is_constant(made) {
            return Err(format!("`{made}` is made twice"));
        }
        Ok(())
    }

    fn value(&mut self, node: &Node) -> Result<Value, Refusal> {
        let first = input(node, 0)?;
        match &node.op {
            Op::Identity | Op::Dropout | Op::Cast(Element::Float | Element::Double) => self.same(first),
            Op::Flatten | Op::Squeeze | Op::Reshape => self.reshape(node),
            Op::Add | Op::Sub | Op::Mul | Op::Div => self.arithmetic(node),
            Op::Neg => self.scaled(first, &[-1.0]),
            Op::MatMul => self.product(first, input(node, 1)?, false),
            Op::Gemm { turned } => self.gemm(node, *turned),
            Op::Concat { axis: 1 | -1 } => self.concat(node),
            Op::Gather { axis: 1 | -1 } => self.gather(first, input(node, 1)?),
            Op::BatchNormalization { epsilon } => self.batch_norm(node, *epsilon),
            Op::LayerNormalization { axis: -1 | 1, epsilon } => self.layer_norm(node, *epsilon),
            Op::Scaler { offset, scale } => self.scaler(first, offset, scale),
            Op::Relu => self.activated(first, Activation::Relu),
            Op::Tanh => self.activated(first, Activation::Tanh),
            Op::Gelu => self.activated(first, Activation::Gelu),
            Op::LeakyRelu { alpha } => self.leaky(first, f64::from(*alpha)),
            Op::Sigmoid => Ok(Value::Sigmoid(self.curve(first)?)),
            Op::Erf => Ok(Value::Erf(self.curve(first)?)),
            Op::Softmax { axis: -1 | 1 } => Ok(Value::Softmax(self.sums(first)?)),
            Op::LogSoftmax { axis: -1 | 1 } => Ok(Value::LogSoftmax(self.sums(first)?)),
            Op::Normalizer => self.normalizer(first),
            Op::ZipMap { classes } => self.zip_map(first, classes),
            Op::LinearRegressor { coefficients, intercepts } => {
                self.linear(first, coefficients, intercepts).map(Value::Sums)
            }
            Op::LinearClassifier { coefficients, intercepts, classes, end } => {
                self.check_classes(classes)?;
                let scores = self.linear(first, coefficients, intercepts)?;
                Ok(scored(scores, *end))
            }
            Op::Cast(_)
            | Op::Concat { .. }
            | Op::Gather { .. }
            | Op::LayerNormalization { .. }
            | Op::Softmax { .. }
            | Op::LogSoftmax { .. } => Err("it is not accepted with this attribute".into()),
            Op::Max
            | Op::Min
            | Op::Sin
            | Op::Cos
            | Op::Log
            | Op::Sqrt
            | Op::IsNan
            | Op::Equal
            | Op::Greater
            | Op::Where
            | Op::Split { .. }
            | Op::Unsqueeze
            | Op::ReduceMean { .. }
            | Op::ReduceSum { .. }
            | Op::ReduceMax { .. }
            | Op::LabelEncoder { .. } => {
                Err(format!("the operator is not accepted here; accepted are {ACCEPTED}"))
            }
        }
    }

    /// A value that was made before.
    pub fn find(&self, name: &str) -> Result<&Value, Refusal> {
        self.values.get(name).ok_or_else(|| {
            if self.graph.is_constant(name) {
                format!("`{name}` never changes, where a value of the row is needed")
            } else {
                format!("nothing before it makes `{name}`")
            }
        })
    }

    pub fn same(&mut self, name: &str) -> Result<Value, Refusal> {
        let value = self.find(name)?.clone();
        let numbers = match &value {
            Value::Sums(sums) | Value::Softmax(sums) | Value::LogSoftmax(sums) => sums.numbers(),
            Value::Sigmoid(curve) | Value::Erf(curve) => curve.of.numbers(),
        };
        self.spend(numbers)?;
        Ok(value)
    }

    /// A value as sums. A sigmoid in the middle of a network is a block.
    pub fn sums(&mut self, name: &str) -> Result<Sums, Refusal> {
        let sums = match self.same(name)? {
            Value::Sums(sums) => return Ok(sums),
            Value::Sigmoid(curve) => self.sigmoid_block(&curve)?,
            Value::Erf(_) => return Err(format!("`{name}` is an Erf that is not the one of a GELU")),
            Value::Softmax(_) | Value::LogSoftmax(_) => {
                return Err(format!("`{name}` is an answer already, with which nothing more can be done"));
            }
        };
        // Whoever else asks for it gets the same block.
        if let Some(value) = self.values.get_mut(name) {
            *value = Value::Sums(sums.clone());
        }
        Ok(sums)
    }

    /// One more block, of a norm if these sums are one; what it says.
    pub fn block(&mut self, sums: &Sums, activation: Activation) -> Result<Sums, Refusal> {
        let norm = sums.parts.keys().find_map(|layer| self.norms.get(layer.checked_sub(NORMS)?));
        let Some(of) = norm.cloned() else { return self.add_block(sums, activation, Norm::None) };
        let gain = curves::gain(sums, activation)?;
        Ok(self.add_block(&of, activation, Norm::Layer)?.scaled(&gain))
    }

    /// A layer norm of some sums, as a layer.
    pub fn norm(&mut self, of: Sums) -> Sums {
        let columns = of.columns();
        self.norms.push(of);
        Sums::layer(NORMS + self.norms.len() - 1, columns)
    }

    /// Refuses sums over a norm that no activation follows.
    pub fn check_settled(sums: &Sums) -> Result<(), Refusal> {
        if sums.parts.keys().any(|layer| *layer >= NORMS) {
            return Err("an activation has to follow each layer norm, as in our blocks".into());
        }
        Ok(())
    }

    fn add_block(&mut self, sums: &Sums, activation: Activation, norm: Norm) -> Result<Sums, Refusal> {
        Self::check_settled(sums)?;
        let latest = self.blocks.len();
        let units = sums.columns();
        let Some(part) = sums.parts.get(&latest).filter(|_| sums.parts.len() == 1) else {
            return Err(
                "a block sees the layer before it and nothing else; this one goes past a layer, or beside one".into(),
            );
        };
        if latest == DEPTH_MAX {
            return Err(format!("there are more than {DEPTH_MAX} blocks"));
        }
        if units > WIDTH_MAX {
            return Err(format!("a block has {units} units; at most {WIDTH_MAX} are allowed"));
        }
        self.spend(sums.height().saturating_mul(units))?;
        let (table, bias) = (part.dense(), sums.bias.clone());
        self.blocks.push(FoundBlock { table, bias, activation, norm });
        Ok(Sums::layer(latest + 1, units))
    }

    /// Counts numbers before they are made.
    pub fn spend(&mut self, numbers: usize) -> Result<(), Refusal> {
        self.numbers = self.numbers.saturating_add(numbers);
        if self.numbers > NUMBERS_MAX {
            return Err(format!("the values of the graph have more than {NUMBERS_MAX} numbers"));
        }
        Ok(())
    }

    /// Counts the work of a product before it is done.
    pub fn spend_product(&mut self, sums: &Sums, columns: usize) -> Result<(), Refusal> {
        self.spend(sums.height().saturating_add(1).saturating_mul(columns))?;
        self.products = self.products.saturating_add(sums.numbers().saturating_mul(columns));
        if self.products > PRODUCTS_MAX {
            return Err(format!("its tables are multiplied with each other more than {PRODUCTS_MAX} times"));
        }
        Ok(())
    }
}

/// An input of a node that has to be there.
pub(super) fn input(node: &Node, at: usize) -> Result<&str, Refusal> {
    optional(node, at).ok_or_else(|| format!("it has no input {}", at + 1))
}

/// An input that may be left out.
pub(super) fn optional(node: &Node, at: usize) -> Option<&str> {
    node.inputs.get(at).map(String::as_str).filter(|name| !name.is_empty())
}

/// What becomes of scores.
fn scored(scores: Sums, end: crate::onnx::ScoreEnd) -> Value {
    use crate::onnx::ScoreEnd;
    match end {
        ScoreEnd::None => Value::Sums(scores),
        ScoreEnd::Softmax => Value::Softmax(scores),
        ScoreEnd::Logistic => Value::Sigmoid(Curve { of: scores, scale: 1.0, shift: 0.0 }),
    }
}
