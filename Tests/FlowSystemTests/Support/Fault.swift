/// A system call of a launcher and its monitors that fails.
struct Fault: Sendable, CustomStringConvertible {
  /// The call, perhaps with the end of the path that it is for: `openat@.rec`.
  let call: String
  let error: Int32
  /// How many such calls succeed before, and how many fail then.
  let after: Int
  let times: Int

  init(_ call: String, _ error: Int32, after: Int = 0, times: Int = 1) {
    self.call = call
    self.error = error
    self.after = after
    self.times = times
  }

  /// The name of the call.
  var name: String { String(call.prefix { $0 != "@" }) }

  /// As Tests/FaultyLauncher takes it.
  var text: String { "\(call) \(error) \(after) \(times)" }

  var description: String { text }
}
