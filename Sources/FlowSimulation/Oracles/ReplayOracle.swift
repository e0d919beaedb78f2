package import FlowCore

/// The history by itself must say all: rebuilt from it, the state is the live one.
package enum ReplayOracle {
  package static func check(_ events: [Event], _ live: RunState) throws(Violation) {
    var replay = Replay()
    for event in events {
      do throws(HistoryError) { try replay.apply(event) } catch {
        throw Violation(.replay, "\(error)")
      }
    }
    guard replay.state == live else {
      throw Violation(.replay, "the state rebuilt from the history is not the live one")
    }
  }
}
