//! Build: a graph that grows node by node.
//!
//! Lives here: names, constants and nodes. Does not live here: what they compute.

use super::{Constant, Graph, Node, Numbers, Op};

/// How the names of a graph's own values begin, so that they are none of a feature's.
pub(super) const OWN: &str = "driftform/";

/// A size as graphs have it; none is near the end of what fits.
pub(super) fn whole(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// A graph being built. Values are known by their names.
#[derive(Default)]
pub(super) struct Builder {
    graph: Graph,
    /// Part of the names of values that are built now.
    place: String,
    made: usize,
}

impl Builder {
    /// From here on, values have this in their names.
    pub fn enter(&mut self, place: &str) {
        place.clone_into(&mut self.place);
    }

    /// The graph, to which ports are added.
    pub fn graph(&mut self) -> &mut Graph {
        &mut self.graph
    }

    pub fn done(self) -> Graph {
        self.graph
    }

    /// One more node; its only result.
    pub fn node(&mut self, op: Op, inputs: &[&str]) -> String {
        self.nodes(op, inputs, 1).remove(0)
    }

    /// One more node; all its results.
    pub fn nodes(&mut self, op: Op, inputs: &[&str], results: usize) -> Vec<String> {
        let outputs: Vec<String> = (0..results).map(|_| self.fresh(op.name())).collect();
        let inputs = inputs.iter().map(|name| (*name).to_owned()).collect();
        self.graph.nodes.push(Node { op, inputs, outputs: outputs.clone() });
        outputs
    }

    /// A value under a name that others ask for.
    pub fn publish(&mut self, value: &str, name: &str) {
        let (inputs, outputs) = (vec![value.to_owned()], vec![name.to_owned()]);
        self.graph.nodes.push(Node { op: Op::Identity, inputs, outputs });
    }

    /// A named table, by which an importer finds it.
    pub fn table(&mut self, name: &str, shape: Vec<usize>, numbers: Vec<f32>) -> String {
        self.constant(name, shape, Numbers::Float(numbers))
    }

    pub fn floats(&mut self, shape: Vec<usize>, numbers: Vec<f32>) -> String {
        let name = self.fresh("constant");
        self.insert(name, shape, Numbers::Float(numbers))
    }

    pub fn doubles(&mut self, numbers: Vec<f64>) -> String {
        let name = self.fresh("constant");
        self.insert(name, vec![numbers.len()], Numbers::Double(numbers))
    }

    pub fn integers(&mut self, numbers: Vec<i64>) -> String {
        let name = self.fresh("constant");
        self.insert(name, vec![numbers.len()], Numbers::Int64(numbers))
    }

    /// One number, the same each time it is asked for.
    pub fn scalar(&mut self, number: f32) -> String {
        let name = format!("{OWN}number/{number:?}");
        self.insert(name, Vec::new(), Numbers::Float(vec![number]))
    }

    pub fn add(&mut self, left: &str, right: &str) -> String {
        self.node(Op::Add, &[left, right])
    }

    pub fn multiply(&mut self, left: &str, right: &str) -> String {
        self.node(Op::Mul, &[left, right])
    }

    /// `x W + b`.
    pub fn affine(&mut self, rows: &str, weight: &str, bias: &str) -> String {
        let product = self.node(Op::MatMul, &[rows, weight]);
        self.add(&product, bias)
    }

    /// Side by side.
    pub fn concat(&mut self, parts: &[String], axis: i64) -> String {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        match parts.as_slice() {
            [only] => (*only).to_owned(),
            _ => self.node(Op::Concat { axis }, &parts),
        }
    }

    /// Tables of rows by outputs, one behind the other.
    pub fn stack(&mut self, tables: &[String]) -> String {
        let axis = self.integers(vec![0]);
        let deep: Vec<String> =
            tables.iter().map(|table| self.node(Op::Unsqueeze, &[table, &axis])).collect();
        self.concat(&deep, 0)
    }

    /// `Σ w_i x_i` of stacked tables, with a constant of weights; not without weights.
    pub fn weigh(&mut self, stacked: &str, weights: &str) -> String {
        let axis = self.integers(vec![0]);
        let weighed = self.multiply(stacked, weights);
        self.node(Op::ReduceSum { keeps: false }, &[&weighed, &axis])
    }

    fn fresh(&mut self, what: &str) -> String {
        self.made += 1;
        format!("{OWN}{}{}/{}", self.place, what, self.made)
    }

    fn constant(&mut self, name: &str, shape: Vec<usize>, numbers: Numbers) -> String {
        let name = format!("{OWN}{}{name}", self.place);
        self.insert(name, shape, numbers)
    }

    fn insert(&mut self, name: String, shape: Vec<usize>, numbers: Numbers) -> String {
        self.graph.constants.insert(name.clone(), Constant { shape, numbers });
        name
    }
}
