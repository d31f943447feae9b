//! The harness that proofs about the whole share: a broker to talk to ([`broker`]), the real binary as a process that can
//! be watched and killed ([`process`]), its pages ([`http`]), a Prometheus ([`prometheus`]), a server of whatever is asked ([`server`]): models ([`stub`]), objects ([`bucket`]), and a daemon with all it needs
//! ([`scene`]). And the tables, each a binary: how the daemon does beside others on recorded streams ([`table`]), what
//! becomes of requests while models are swapped ([`storm`]), how often the quality gate errs ([`judge`]), how long
//! the way back from a full state takes ([`restart`]), how rarely detectors are wrong and how soon right ([`detectors`]), how
//! good what proposers find is where every answer is known ([`search_table`]), what each way of searching is worth
//! ([`ablation`]), how soon a world that comes back is known again ([`recurrence`]), how far more workers make a search shorter ([`scaling`]), what it is worth to see the events before each one ([`order`]) or what lies beside what in a picture ([`digits`]), by ways replayed beside each other ([`beside`]), and how soon rows are answered over HTTP and gRPC, beside other
//! servers ([`serve_bench`]). Random models as files that somebody
//! else reads ([`onnx`]), and networks of others as driftform answers with them ([`imported`]). And a story in which the daemon can
//! be made to die ([`crash`]), followers of a leader that does as it is told ([`fleet`]), and workers on other machines ([`crew`]).
//! And dashboards and rules as
//! plain data ([`boards`]).
//!
//! May not: prove anything itself, or reach into a room past its public names.

pub mod ablation;
pub mod beside;
pub mod boards;
pub mod broker;
pub mod bucket;
pub mod crash;
pub mod crew;
pub mod detectors;
pub mod digits;
pub mod exit;
pub mod fleet;
pub mod http;
pub mod imported;
pub mod judge;
pub mod onnx;
pub mod order;
pub mod process;
pub mod prometheus;
pub mod recurrence;
pub mod restart;
pub mod scaling;
pub mod scene;
pub mod search_table;
pub mod serve_bench;
pub mod server;
pub mod storm;
pub mod stub;
pub mod table;
