/// How a process behaves that a command starts.
struct DescendantBehaviour {
  /// From the start of the command.
  var delayMicroseconds: Int64
  /// Nil if it runs until it is killed.
  var durationMicroseconds: Int64?
  /// Whether the descendant before it starts it, and not the command.
  var isNested: Bool
  /// It leads a group of its own, and so gets no signal that is sent to the command's group.
  var leavesGroup: Bool
  var ignoresTermination: Bool
  var stopsItself: Bool
  var isUnkillable: Bool

  static func draw(
    from choices: any ChoiceSource, _ options: SimulationOptions
  ) -> DescendantBehaviour {
    let site = ChoiceSite.descendants
    let delays: [Int64] = [0, 500, 30_000]
    let durations: [Int64?] = [0, 1_000, 100_000, 2_000_000, nil]
    return DescendantBehaviour(
      delayMicroseconds: delays[choices.choose(site, below: delays.count)],
      durationMicroseconds: durations[choices.choose(site, below: durations.count)],
      isNested: choices.happens(site, perMille: 300),
      leavesGroup: choices.happens(site, perMille: 400),
      ignoresTermination: choices.happens(site, perMille: options.stubbornPercent * 10),
      stopsItself: choices.happens(.selfStop, perMille: options.selfStopPercent * 10),
      isUnkillable: choices.happens(.unkillable, perMille: options.unkillablePerMille))
  }
}
