/// Checks `Property.lost`.
enum LostChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    // A monitor that was killed before it opened its record may belong to any attempt.
    var nameless = record.nameless
    return story.names.compactMap { name in
      guard story.attempts[name]?.result?.outcome == "lost" else { return nil }
      if record.wasCut(story.attempts[name]) { return nil }
      if record.killedMonitors.contains(name) || wasForced(name, record, story) { return nil }
      nameless -= 1
      return nameless >= 0 ? nil : "\(name) is lost, but its monitor was not killed"
    }
  }

  /// A monitor that does not act on a forced stop is killed with its attempt.
  private static func wasForced(
    _ name: AttemptName, _ record: RoundRecord, _ story: Story
  ) -> Bool {
    guard record.suspendedMonitors.contains(name) else { return false }
    return story.attempts[name]?.isForced == true
      || story.history.contains {
        if case .cancelRequested(_, force: true) = $0.body { true } else { false }
      }
  }
}
