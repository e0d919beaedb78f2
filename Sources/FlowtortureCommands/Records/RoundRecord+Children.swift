extension RoundRecord {
  /// Gives attempts of children, which files name by number, the ids that `flow status` shows: there all steps
  /// are in the order of their numbers, without those of which children of a chain are copies.
  mutating func nameChildren() {
    let copied = plan.node?.node?.chain.count ?? 0
    let ids = status.steps.map(\.id)
    func named(_ attempt: AttemptName) -> AttemptName {
      guard attempt.step.hasPrefix("/"), let number = Int(attempt.step.dropFirst()),
        ids.indices.contains(number - copied)
      else { return attempt }
      return AttemptName(ids[number - copied], attempt.number)
    }
    killedMonitors = Set(killedMonitors.map(named))
    suspendedMonitors = Set(suspendedMonitors.map(named))
    toldMonitors = Dictionary(
      toldMonitors.map { (named($0), $1) }, uniquingKeysWith: { first, _ in first })
    outputs = outputs.map {
      OutputRecord(named($0.attempt), byteCount: $0.byteCount, rightCount: $0.rightCount)
    }
  }
}
