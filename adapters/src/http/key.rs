//! The key to a running daemon: where it listens and what to show it, left in its state directory.
//!
//! Lives here: making, leaving and finding the key, and asking with it. Whoever may read the state directory may give
//! orders: they could change the state itself. A secret that was given from outside is not copied there: the key says where
//! it is. May not: know what orders there are.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::chance;
use crate::files::{read_whole, read_whole_text};

/// The file in the state directory.
const FILE: &str = "admin.json";
/// Only its owner may read it.
const MODE: u32 = 0o600;
/// Most bytes of it.
const FILE_BYTES_MAX: u64 = 16 * 1024;
/// A token that was given has at least so many characters, for nobody to guess, and at most so many.
const GIVEN_MIN: usize = 32;
const GIVEN_MAX: usize = 1024;
/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Longest time to connect, and to wait for an answer: longer than the daemon waits itself.
const WAIT: Duration = Duration::from_secs(15);
/// Most bytes of an answer that are read: all that a console shows, ten times over.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// What whoever gives orders has to show; never shown in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token(String);

/// Where a daemon listens, and what it wants to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// The address.
    pub address: SocketAddr,
    /// The secret, or where it is.
    #[serde(flatten)]
    pub secret: Secret,
}

/// A key as it lies in a folder.
#[derive(Serialize, Deserialize)]
struct Left {
    /// Of the file that it was left in: a copy of the folder has no daemon.
    inode: u64,
    #[serde(flatten)]
    key: Key,
}

/// Where the token is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// Here: it was made for one run.
    Token(Token),
    /// In a file that was given.
    TokenFile(PathBuf),
}

impl Secret {
    /// The token.
    pub fn token(&self) -> io::Result<Token> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::TokenFile(path) => Token::read(path),
        }
    }
}

impl Token {
    /// A new one, from the system's source of chance.
    pub fn new() -> io::Result<Self> {
        Ok(Self(crate::audit::sha256(&chance::bytes::<TOKEN_BYTES>()?)))
    }

    /// The one in a file, in one line.
    pub fn read(path: &Path) -> io::Result<Self> {
        let wrong = |message: String| io::Error::other(format!("{}: {message}", path.display()));
        let text = read_whole_text(path, FILE_BYTES_MAX).map_err(|error| wrong(error.to_string()))?;
        let token = text.trim();
        let plain = token.bytes().all(|byte| byte.is_ascii_graphic());
        if plain && (GIVEN_MIN..=GIVEN_MAX).contains(&token.len()) {
            return Ok(Self(token.to_owned()));
        }
        Err(wrong(format!("give {GIVEN_MIN} to {GIVEN_MAX} visible ASCII characters in one line")))
    }

    /// Whether this is it; how long that takes says nothing about where they differ.
    pub fn opens(&self, shown: &str) -> bool {
        let differ = self.0.bytes().zip(shown.bytes()).fold(0, |differ, (a, b)| differ | (a ^ b));
        self.0.len() == shown.len() && differ == 0
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Key {
    /// Leaves it in a folder, for its owner only; a key of an earlier run is replaced.
    pub fn leave(&self, folder: &Path) -> io::Result<()> {
        let (path, fresh) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
        // A file that is there keeps its mode, whatever that is.
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(&fresh)?;
        let left = Left { inode: file.metadata()?.ino(), key: self.clone() };
        file.write_all(serde_json::to_string(&left)?.as_bytes())?;
        fs::rename(&fresh, &path)
    }

    /// The key in a folder; one that came there with a copy of another folder is none.
    pub fn find(folder: &Path) -> io::Result<Self> {
        let path = folder.join(FILE);
        let left: Left = serde_json::from_slice(&read_whole(&path, FILE_BYTES_MAX)?)?;
        if left.inode != fs::metadata(&path)?.ino() {
            return Err(io::Error::other("the key there is a copy: it opens a daemon on another state"));
        }
        Ok(left.key)
    }

    /// Posts JSON to the daemon; the status code and what it says.
    pub fn post(&self, path: &str, body: &impl Serialize) -> io::Result<(u16, String)> {
        self.ask("POST", path, &serde_json::to_string(body)?, Some(&self.secret.token()?))
    }

    /// Asks the daemon for what only those hear who have the token; the status code and what it says.
    pub fn get(&self, path: &str) -> io::Result<(u16, String)> {
        self.ask("GET", path, "", Some(&self.secret.token()?))
    }

    /// The same for a page that everybody may see: the token need not be at hand.
    pub fn look(&self, path: &str) -> io::Result<(u16, String)> {
        self.ask("GET", path, "", None)
    }

    fn ask(&self, method: &str, path: &str, body: &str, shown: Option<&Token>) -> io::Result<(u16, String)> {
        let shown = shown.map_or(String::new(), |Token(token)| format!("Authorization: Bearer {token}\r\n"));
        let mut stream = TcpStream::connect_timeout(&self.address, WAIT)?;
        stream.set_read_timeout(Some(WAIT))?;
        stream.set_write_timeout(Some(WAIT))?;
        let Self { address, .. } = self;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{shown}\
             Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
        let odd = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not one of HTTP");
        let (head, text) = answer.split_once("\r\n\r\n").ok_or_else(odd)?;
        let code = head.split_whitespace().nth(1).and_then(|code| code.parse().ok()).ok_or_else(odd)?;
        Ok((code, text.trim_end().to_owned()))
    }
}

#[cfg(test)]
mod tests;
