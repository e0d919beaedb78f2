/// Counts of one round or of many.
package struct RoundTotals: Equatable, Sendable {
  package var rounds = 0
  /// Starters of groups of runs.
  package var starters = 0
  package var engineKills = 0
  package var launcherKills = 0
  package var monitorKills = 0
  /// Processes that publish, and kills of whatever process while one lived.
  package var publisherKills = 0
  package var publicationKills = 0
  package var restarts = 0
  package var cancels = 0
  package var fullDisks = 0
  package var locksRemoved = 0
  package var cuts = 0
  /// SIGTERM to everything.
  package var shutdowns = 0
  /// Engines and monitors that were stopped for a while.
  package var suspensions = 0
  /// How often processes were limited.
  package var limits = 0
  /// Engine lives in the histories.
  package var lives = 0
  package var attempts = 0
  /// For which steps have run.
  package var items = 0
  /// Steps whose condition was false.
  package var refused = 0
  package var questions = 0
  /// Processes that gave an answer, those of which it counted, and those that were told that it is kept.
  package var answers = 0
  package var counted = 0
  package var kept = 0
  package var reattached = 0
  package var lost = 0
  package var interrupted = 0
  package var violations = 0

  package init() {}

  private static let names:
    [(name: String, path: any WritableKeyPath<RoundTotals, Int> & Sendable)] = [
      ("rounds", \.rounds), ("starters", \.starters), ("engineKills", \.engineKills),
      ("launcherKills", \.launcherKills),
      ("monitorKills", \.monitorKills), ("publisherKills", \.publisherKills),
      ("publicationKills", \.publicationKills), ("restarts", \.restarts), ("cancels", \.cancels),
      ("fullDisks", \.fullDisks), ("locksRemoved", \.locksRemoved),
      ("cuts", \.cuts), ("shutdowns", \.shutdowns), ("suspensions", \.suspensions),
      ("limits", \.limits),
      ("lives", \.lives), ("attempts", \.attempts), ("items", \.items),
      ("refused", \.refused), ("questions", \.questions), ("answers", \.answers),
      ("counted", \.counted), ("kept", \.kept),
      ("reattached", \.reattached),
      ("lost", \.lost), ("interrupted", \.interrupted), ("violations", \.violations),
    ]

  package static func += (left: inout RoundTotals, right: RoundTotals) {
    for (_, path) in names { left[keyPath: path] += right[keyPath: path] }
  }

  // MARK: Text

  /// One line that `init(line:)` reads.
  package var line: String {
    Self.names.map { "\($0.name)=\(self[keyPath: $0.path])" }.joined(separator: " ")
  }

  package init?(line: some StringProtocol) {
    let words = line.split(separator: " ")
    guard words.count == Self.names.count else { return nil }
    for (word, (name, path)) in zip(words, Self.names) {
      let parts = word.split(separator: "=")
      guard parts.count == 2, parts[0] == name, let value = Int(parts[1]) else { return nil }
      self[keyPath: path] = value
    }
  }
}
