// FlowCore is the engine of a run without any input or output: the definition of a workflow, the events of
// a history and their encoding, the state that they lead to, and what is decided from it.
//
// It imports nothing but the standard library. It has four floors, each a folder, and a file names types of
// its own floor and of those below it: Engine, State, History, Definition, from the top down.
//
// Invariant: `Decider` is a function of the history. It knows no clock, no randomness but the run's seed,
// no floating point and no order of a hash table: the same facts lead to the same decisions.
// Invariant: an effect leaves the engine only after the events that it follows from are durable.
// Invariant: a history keeps its meaning. An encoding or a rule that changes is another `Policy`; numbers
// of event kinds and tags of keys are never used again.
// Invariant: what this program cannot know, since a later one wrote it, is an error of its own kind
// (`isNewer`) and never damage.
// Invariant: bytes from a log may be hostile. Decoding and replay throw for them; they neither trap nor take
// memory without a bound.
