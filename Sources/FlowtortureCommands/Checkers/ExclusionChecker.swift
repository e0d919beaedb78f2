/// Checks `Property.exclusion` by what the steps themselves have seen.
package enum ExclusionChecker {
  private struct Attempt: Hashable {
    let run: String
    let name: AttemptName
  }

  /// - Parameter ledger: its text.
  package static func check(_ ledger: String) -> [String] {
    var lines: [LedgerLine] = []
    var problems: [String] = []
    for text in ledger.split(separator: "\n") {
      if let line = LedgerLine(text) {
        lines.append(line)
      } else {
        // A step writes `clash` if another holds the lock of the group.
        problems.append("a step of another run was alive: \(text)")
      }
    }
    return problems + overlaps(lines)
  }

  /// Between the first and the last line of an attempt, no other run may write one.
  private static func overlaps(_ lines: [LedgerLine]) -> [String] {
    var lives: [Attempt: (first: Int, last: Int)] = [:]
    for line in lines {
      let attempt = Attempt(run: line.run, name: line.attempt)
      let life = lives[attempt] ?? (line.microseconds, line.microseconds)
      lives[attempt] = (min(life.first, line.microseconds), max(life.last, line.microseconds))
    }
    let sorted = lives.sorted { ($0.value.first, $0.key.run) < ($1.value.first, $1.key.run) }
    var problems: [String] = []
    var latest: (attempt: Attempt, last: Int)?
    for (attempt, life) in sorted {
      if let latest, latest.attempt.run != attempt.run, latest.last > life.first {
        problems.append(
          "\(attempt.name) of run \(attempt.run) began \(latest.last - life.first) us before the last "
            + "sign of \(latest.attempt.name) of run \(latest.attempt.run)")
      }
      if life.last >= latest?.last ?? 0 { latest = (attempt, life.last) }
    }
    return problems
  }
}
