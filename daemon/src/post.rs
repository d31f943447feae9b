//! Post: a letter box with room for one, between a thread that waits for nobody and one that does the slow work.
//!
//! Lives here: [`Post`]. What comes later takes the place of what was not taken yet: the newest says all that is to be known.
//! May not: know what is in a letter.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The letter box.
#[derive(Debug)]
pub struct Post<Letter> {
    inbox: Mutex<Inbox<Letter>>,
    came: Condvar,
}

#[derive(Debug)]
struct Inbox<Letter> {
    newest: Option<Box<Letter>>,
    closed: bool,
}

/// What came out of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken<Letter> {
    /// The newest letter.
    Letter(Box<Letter>),
    /// None came in that time.
    Nothing,
    /// None will come any more.
    Closed,
}

impl<Letter> Default for Post<Letter> {
    fn default() -> Self {
        Self { inbox: Mutex::new(Inbox { newest: None, closed: false }), came: Condvar::new() }
    }
}

impl<Letter> Post<Letter> {
    /// Takes the place of what was not taken yet; waits for nothing.
    pub fn put(&self, letter: Letter) {
        self.inbox().newest = Some(Box::new(letter));
        self.came.notify_one();
    }

    /// Nothing more will come; what is in it can still be taken.
    pub fn close(&self) {
        self.inbox().closed = true;
        self.came.notify_one();
    }

    /// The newest letter; waits for it, at most for `limit` if there is one.
    pub fn take(&self, limit: Option<Duration>) -> Taken<Letter> {
        let empty = |inbox: &mut Inbox<Letter>| inbox.newest.is_none() && !inbox.closed;
        let inbox = self.inbox();
        let mut inbox = match limit {
            Some(limit) => {
                let waited = self.came.wait_timeout_while(inbox, limit, empty);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.came.wait_while(inbox, empty).unwrap_or_else(PoisonError::into_inner),
        };
        match inbox.newest.take() {
            Some(letter) => Taken::Letter(letter),
            None if inbox.closed => Taken::Closed,
            None => Taken::Nothing,
        }
    }

    fn inbox(&self) -> MutexGuard<'_, Inbox<Letter>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_takes_the_place_of_what_was_not_taken_and_is_taken_before_the_end() {
        let post = Post::default();
        assert_eq!(post.take(Some(Duration::ZERO)), Taken::Nothing);
        post.put(1);
        post.put(2);
        post.close();
        assert_eq!(post.take(None), Taken::Letter(Box::new(2)));
        assert_eq!(post.take(None), Taken::Closed);
    }
}
