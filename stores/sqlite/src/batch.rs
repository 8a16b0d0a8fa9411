//! Members of one caller that go to the writer in one message, and their answers as they come.

use durable_core::store::StoreError;
use tokio::sync::oneshot;

pub(crate) struct Batch<M, A> {
    pub(crate) members: Vec<M>,
    pub(crate) answers: Vec<Option<A>>,
    pub(crate) bytes: usize,
    reply: oneshot::Sender<Answered<M, A>>,
}

/// Answers, and the members they are for: the caller's thread frees what it allocated, and the writer goes on.
pub(crate) type Answered<M, A> = (Vec<A>, Vec<M>);

/// Where the answers come.
pub(crate) type Awaited<M, A> = oneshot::Receiver<Answered<M, A>>;

impl<M, T, E: From<StoreError>> Batch<M, Result<T, E>> {
    /// `weight`: what a member adds to its group's size (G1).
    pub(crate) fn new(members: Vec<M>, weight: fn(&M) -> usize) -> (Self, Awaited<M, Result<T, E>>) {
        let (reply, receiver) = oneshot::channel();
        let answers = std::iter::repeat_with(|| None).take(members.len()).collect();
        let bytes = members.iter().map(weight).sum();
        (Self { members, answers, bytes, reply }, receiver)
    }

    pub(crate) fn fail(&mut self, error: &dyn Fn() -> StoreError) {
        for answer in &mut self.answers {
            *answer = Some(Err(error().into()));
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    /// Answers are complete once the group has run; a gap would be a bug of this store, and is answered as one. Returns the
    /// answers that nobody waits for any more.
    pub(crate) fn reply(self) -> Vec<Result<T, E>> {
        let Some(answers) = self.answers.into_iter().collect() else { return Vec::new() };
        match self.reply.send((answers, self.members)) {
            Ok(()) => Vec::new(),
            Err((answers, _)) => answers,
        }
    }
}
