/// Checks `Property.lost`.
enum LostChecker {
  static func check(_ record: RoundRecord, _ story: Story) -> [String] {
    // A monitor that was killed before it opened its record may belong to any attempt.
    var nameless = record.nameless
    return story.names.compactMap { name in
      guard story.attempts[name]?.result?.outcome == "lost" else { return nil }
      if record.killedMonitors.contains(name) { return nil }
      nameless -= 1
      return nameless >= 0 ? nil : "\(name) is lost, but its monitor was not killed"
    }
  }
}
