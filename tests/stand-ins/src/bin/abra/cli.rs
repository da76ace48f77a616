//! The command line's shape.

use clap::{Args, Parser, Subcommand};

/// The Co-op Cloud command-line utility belt, as a stand-in.
#[derive(Debug, Parser)]
#[command(name = "abra", disable_version_flag = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    /// Print the version.
    #[arg(short = 'v', long)]
    pub version: bool,
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Debug, Clone, Copy, Args)]
pub struct Global {
    /// Toggle non-interactive mode.
    #[arg(short, long, global = true)]
    pub no_input: bool,
    /// Prefer offline and filesystem access.
    #[arg(short, long, global = true)]
    pub offline: bool,
    /// Show debug messages.
    #[arg(short, long, global = true)]
    pub debug: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Manage apps.
    #[command(subcommand, alias = "a")]
    App(App),
    /// Manage recipes.
    #[command(subcommand, alias = "r")]
    Recipe(Recipe),
    /// Manage servers.
    #[command(subcommand, alias = "s")]
    Server(Server),
}

#[derive(Debug, Subcommand)]
pub enum App {
    /// Create a new app.
    #[command(alias = "n")]
    New(New),
    /// Edit an app's configuration.
    #[command(alias = "cfg")]
    Config { domain: String },
    /// Manage an app's secrets.
    #[command(subcommand, alias = "s")]
    Secret(Secret),
    /// Deploy an app.
    #[command(alias = "d")]
    Deploy(Deploy),
    /// Undeploy an app.
    #[command(alias = "un")]
    Undeploy {
        domain: String,
        /// Prune unused networks and images.
        #[arg(short, long)]
        prune: bool,
    },
    /// Check an app's deployment status.
    #[command(alias = "p")]
    Ps {
        domain: String,
        #[arg(short, long)]
        machine: bool,
    },
    /// Manage an app's volumes.
    #[command(subcommand, alias = "vl")]
    Volume(Volume),
    /// Remove all app data, locally and remotely.
    #[command(alias = "remove")]
    Rm {
        domain: String,
        #[arg(short, long)]
        force: bool,
    },
    /// Manage an app's backups.
    #[command(subcommand, alias = "b")]
    Backup(Backup),
    /// Restore a snapshot.
    #[command(alias = "rs")]
    Restore {
        domain: String,
        /// The snapshot to restore, the latest otherwise.
        #[arg(short, long)]
        snapshot: Option<String>,
        #[arg(long)]
        hooks: bool,
        #[arg(short, long)]
        target: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct New {
    pub recipe: String,
    pub version: Option<String>,
    #[arg(short, long)]
    pub server: Option<String>,
    /// The domain name of the app.
    #[arg(short = 'D', long)]
    pub domain: Option<String>,
    /// Generate secrets automatically.
    #[arg(short = 'S', long)]
    pub secrets: bool,
    #[arg(short, long)]
    pub pass: bool,
    /// Ignore uncommitted recipes changes.
    #[arg(short = 'C', long)]
    pub chaos: bool,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // The flags of a command line.
pub struct Deploy {
    pub domain: String,
    pub version: Option<String>,
    /// Ignore uncommitted recipes changes.
    #[arg(short = 'C', long)]
    pub chaos: bool,
    /// Perform the action without further prompt.
    #[arg(short, long)]
    pub force: bool,
    #[arg(short = 'D', long)]
    pub no_domain_checks: bool,
    #[arg(short = 'c', long)]
    pub no_converge_checks: bool,
    /// Deploy the latest version whatever the .env says.
    #[arg(short, long)]
    pub latest: bool,
}

#[derive(Debug, Subcommand)]
pub enum Secret {
    /// Insert a secret.
    #[command(alias = "i")]
    Insert {
        domain: String,
        name: String,
        version: String,
        data: Option<String>,
        /// Treat the data as a file.
        #[arg(short, long)]
        file: bool,
        #[arg(short, long)]
        trim: bool,
        #[arg(short = 'C', long)]
        chaos: bool,
    },
    /// Generate secrets.
    #[command(alias = "g")]
    Generate {
        domain: String,
        name: Option<String>,
        version: Option<String>,
        #[arg(short, long)]
        all: bool,
        #[arg(short, long)]
        machine: bool,
        #[arg(short = 'C', long)]
        chaos: bool,
    },
    /// List secrets.
    #[command(alias = "list")]
    Ls {
        domain: String,
        #[arg(short, long)]
        machine: bool,
        #[arg(short = 'C', long)]
        chaos: bool,
    },
    /// Remove secrets.
    #[command(alias = "remove")]
    Rm {
        domain: String,
        name: Option<String>,
        #[arg(short, long)]
        all: bool,
        #[arg(short = 'C', long)]
        chaos: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Volume {
    /// Remove an app's volumes.
    #[command(alias = "remove")]
    Rm {
        domain: String,
        #[arg(short, long)]
        force: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Backup {
    /// Create a new snapshot.
    #[command(alias = "c")]
    Create {
        domain: String,
        #[arg(short, long)]
        retries: Option<String>,
        #[arg(short = 'C', long)]
        chaos: bool,
    },
    /// List snapshots.
    #[command(alias = "s")]
    Snapshots { domain: String },
}

#[derive(Debug, Subcommand)]
pub enum Recipe {
    /// Clone a recipe.
    #[command(alias = "f")]
    Fetch {
        recipe: String,
        #[arg(short, long)]
        force: bool,
    },
    /// List a recipe's versions.
    #[command(alias = "v")]
    Versions {
        recipe: String,
        #[arg(short, long)]
        machine: bool,
    },
    /// Lint a recipe.
    #[command(alias = "l")]
    Lint {
        recipe: String,
        #[arg(short = 'C', long)]
        chaos: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Server {
    /// Add a server.
    #[command(alias = "a")]
    Add {
        name: Option<String>,
        /// Use the local server.
        #[arg(short, long)]
        local: bool,
    },
    /// List servers.
    #[command(alias = "list")]
    Ls {
        #[arg(short, long)]
        machine: bool,
    },
}
