//! Ways: what can be switched, and how.
//!
//! Lives here: one line of settings a way; a further way is a further line. May not: replay.

use clap::ValueEnum;

/// What is switched. Named after what is missing; one that is off by default is named after what is added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// Nothing: the configuration as it comes.
    Default,
    /// No other network is tried: the members learn, and are mixed.
    NoSearch,
    /// Nor is there more than one network.
    OneNetwork,
    /// It begins with one network too, but others are tried.
    OneNetworkSearched,
    /// Members see no recent labels.
    NoContext,
    /// Candidates see no functions of numbers.
    NoEmbeddings,
    /// Candidates of one block at most.
    Shallow,
    /// Every candidate is trained to the end, a third as many for the same training.
    FullBudget,
    /// No episode but at the start and after drifts.
    NoPlateau,
    /// Nothing from before a drift is looked for.
    NoMemory,
    /// One proposer alone, instead of the portfolio.
    ByLocal,
    /// The same.
    ByEvolution,
    /// The same.
    ByBayesian,
    /// Chance alone.
    ByRandom,
    ByController,
    /// Blocks that came out strong in a relaxed network.
    ByRelaxed,
    /// What proposes by predictions predicts by a process for each world.
    ByRgpe,
    /// Or by an ensemble of networks.
    ByEnsemble,
    /// Or by networks that read graphs.
    ByGraph,
    /// What has a graph like one that gained before is tried first, too.
    RecallByGraph,
    /// Another scheduler.
    ByAsha,
    /// The same.
    ByPasha,
    /// The same.
    ByExtrapolated,
    /// What is surely worse is given up before its rung is over.
    WithRejection,
    /// What a predictor finds hopeless is not tried.
    WithPromise,
    /// Choices that hardly ever won are not tried.
    WithRefinement,
    /// The fastest within a hundredth of the best goes into the shadow slot.
    PreferFast,
    /// Zero-cost proxies reject the worse half of twice as many.
    WithProxies,
    /// Candidates may answer at every depth.
    WithExits,
    /// Candidates may be committees of four.
    WithCommittees,
    /// Candidates may learn from rows that are made worse, and who stands stress best is preferred.
    WithRobust,
    /// The networks to begin with learn from rows that are made worse.
    Hardened,
    /// Slices of candidates may learn with them.
    WithElastic,
    /// Slices of the networks to begin with learn with them.
    Elastic,
    /// Rows carry the eight before them, whoever's they are, and networks may read them.
    WithSequences,
    /// The first two numbers of a row are said to be a picture, and networks look at it: what it costs where nothing lies beside anything.
    WithImages,
}

/// The usual members, hardened.
const HARDENED: &str = r#"mixture = { members = [
  { optimiser = "sgd", step_size = 0.1, noise = 0.1, missing = 0.05, attack = 0.03 },
  { optimiser = "sgd", step_size = 0.03, noise = 0.1, missing = 0.05, attack = 0.03 },
  { widths = [64], optimiser = "rmsprop", step_size = 0.003, context = 1, surge = 3, noise = 0.1, missing = 0.05, attack = 0.03 },
  { widths = [64], optimiser = "rmsprop", step_size = 0.001, noise = 0.1, missing = 0.05, attack = 0.03 },
  { widths = [64, 64], optimiser = "rmsprop", step_size = 0.001, surge = 3, noise = 0.1, missing = 0.05, attack = 0.03 },
  { widths = [64], optimiser = "rmsprop", step_size = 0.001, replay = 1.0, noise = 0.1, missing = 0.05, attack = 0.03 },
  { widths = [128], optimiser = "normalised_sgd", step_size = 0.8, noise = 0.1, missing = 0.05, attack = 0.03 },
  { widths = [64], optimiser = "adamw", step_size = 0.001, average = 500, noise = 0.1, missing = 0.05, attack = 0.03 },
] }"#;

/// The usual members, the slices of each that has any learning with it.
const ELASTIC: &str = r#"mixture = { members = [
  { optimiser = "sgd", step_size = 0.1 },
  { optimiser = "sgd", step_size = 0.03 },
  { widths = [64], optimiser = "rmsprop", step_size = 0.003, context = 1, surge = 3, elastic = true },
  { widths = [64], optimiser = "rmsprop", step_size = 0.001, elastic = true },
  { widths = [64, 64], optimiser = "rmsprop", step_size = 0.001, surge = 3, elastic = true },
  { widths = [64], optimiser = "rmsprop", step_size = 0.001, replay = 1.0, elastic = true },
  { widths = [128], optimiser = "normalised_sgd", step_size = 0.8, elastic = true },
  { widths = [64], optimiser = "adamw", step_size = 0.001, average = 500, elastic = true },
] }"#;

impl Way {
    /// All.
    pub const ALL: [Self; 36] = [
        Self::Default,
        Self::NoSearch,
        Self::OneNetwork,
        Self::OneNetworkSearched,
        Self::NoContext,
        Self::NoEmbeddings,
        Self::Shallow,
        Self::FullBudget,
        Self::NoPlateau,
        Self::NoMemory,
        Self::ByLocal,
        Self::ByEvolution,
        Self::ByBayesian,
        Self::ByRandom,
        Self::ByController,
        Self::ByRelaxed,
        Self::ByRgpe,
        Self::ByEnsemble,
        Self::ByGraph,
        Self::RecallByGraph,
        Self::ByAsha,
        Self::ByPasha,
        Self::ByExtrapolated,
        Self::WithRejection,
        Self::WithPromise,
        Self::WithRefinement,
        Self::PreferFast,
        Self::WithProxies,
        Self::WithExits,
        Self::WithCommittees,
        Self::WithRobust,
        Self::Hardened,
        Self::WithElastic,
        Self::Elastic,
        Self::WithSequences,
        Self::WithImages,
    ];

    /// Its name in the table and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::NoSearch => "no-search",
            Self::OneNetwork => "one-network",
            Self::OneNetworkSearched => "one-network-searched",
            Self::NoContext => "no-context",
            Self::NoEmbeddings => "no-embeddings",
            Self::Shallow => "shallow",
            Self::FullBudget => "full-budget",
            Self::NoPlateau => "no-plateau",
            Self::NoMemory => "no-memory",
            Self::ByLocal => "by-local",
            Self::ByEvolution => "by-evolution",
            Self::ByBayesian => "by-bayesian",
            Self::ByRandom => "by-random",
            Self::ByController => "by-controller",
            Self::ByRelaxed => "by-relaxed",
            Self::ByRgpe => "by-rgpe",
            Self::ByEnsemble => "by-ensemble",
            Self::ByGraph => "by-graph",
            Self::RecallByGraph => "recall-by-graph",
            Self::ByAsha => "by-asha",
            Self::ByPasha => "by-pasha",
            Self::ByExtrapolated => "by-extrapolated",
            Self::WithRejection => "with-rejection",
            Self::WithPromise => "with-promise",
            Self::WithRefinement => "with-refinement",
            Self::PreferFast => "prefer-fast",
            Self::WithProxies => "with-proxies",
            Self::WithExits => "with-exits",
            Self::WithCommittees => "with-committees",
            Self::WithRobust => "with-robust",
            Self::Hardened => "hardened",
            Self::WithElastic => "with-elastic",
            Self::Elastic => "elastic",
            Self::WithSequences => "with-sequences",
            Self::WithImages => "with-images",
        }
    }

    /// What is set otherwise than by default.
    pub fn settings(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::NoSearch => "search = { enabled = false }",
            Self::OneNetwork => {
                "search = { enabled = false }
                 mixture = { members = [{ widths = [64], optimiser = \"rmsprop\", step_size = 0.001 }] }"
            }
            Self::OneNetworkSearched => {
                "mixture = { members = [{ widths = [64], optimiser = \"rmsprop\", step_size = 0.001 }] }"
            }
            Self::NoContext => {
                "search = { context_max = 0 }
                 mixture = { members = [
                   { optimiser = \"sgd\", step_size = 0.1 },
                   { optimiser = \"sgd\", step_size = 0.03 },
                   { widths = [64], optimiser = \"rmsprop\", step_size = 0.003, surge = 3 },
                   { widths = [64], optimiser = \"rmsprop\", step_size = 0.001 },
                   { widths = [64, 64], optimiser = \"rmsprop\", step_size = 0.001, surge = 3 },
                   { widths = [64], optimiser = \"rmsprop\", step_size = 0.001, replay = 1.0 },
                   { widths = [128], optimiser = \"normalised_sgd\", step_size = 0.8 },
                   { widths = [64], optimiser = \"adamw\", step_size = 0.001, average = 500 },
                 ] }"
            }
            Self::NoEmbeddings => "search = { embeddings = false }",
            Self::Shallow => "search = { depth_max = 1 }",
            // Of nine candidates halving trains nine for a window, three for three and one for nine: 27 windows.
            Self::FullBudget => "search = { rungs = [9], candidates = 3 }",
            Self::NoPlateau => "search = { plateau_outcomes = 0 }",
            Self::NoMemory => "search = { memory_models = 0 }",
            Self::ByLocal => "search = { proposer = \"local\" }",
            Self::ByEvolution => "search = { proposer = \"evolution\" }",
            Self::ByBayesian => "search = { proposer = \"bayesian\" }",
            Self::ByRandom => "search = { proposer = \"random\" }",
            Self::ByController => "search = { proposer = \"controller\" }",
            Self::ByRelaxed => "search = { proposer = \"relaxed\" }",
            Self::ByRgpe => "search = { predictor = \"rgpe\" }",
            Self::ByEnsemble => "search = { predictor = \"ensemble\" }",
            Self::ByGraph => "search = { predictor = \"graph\" }",
            Self::RecallByGraph => "search = { recall_by = \"graph\" }",
            Self::ByAsha => "search = { scheduler = \"asha\" }",
            Self::ByPasha => "search = { scheduler = \"pasha\" }",
            Self::ByExtrapolated => "search = { scheduler = \"extrapolated\" }",
            Self::WithRejection => "search = { rejection_alpha = 0.05 }",
            Self::WithPromise => "search = { promise = true }",
            Self::WithRefinement => "search = { refinement = true }",
            Self::PreferFast => "search = { prefer = \"fastest within 1 %\" }",
            Self::WithProxies => "search = { proxies = true }",
            Self::WithExits => "search = { exits = true }",
            Self::WithCommittees => "search = { committee_max = 4 }",
            Self::WithRobust => {
                "search = { robust = true, hardening = true, prefer = \"most robust within 1 %\" }"
            }
            Self::WithElastic => "search = { elastic = true }",
            Self::Elastic => ELASTIC,
            Self::Hardened => HARDENED,
            Self::WithSequences => "sequence = { length = 8 }",
            Self::WithImages => "image = { height = 1, width = 2 }",
        }
    }
}
