enum LostOracle {
  static func judge(_ record: RoundRecord, _ story: Story) -> [String] {
    // Where a monitor was killed before it had a name, it may have been anybody's.
    var nameless = record.nameless
    return story.names.compactMap { name in
      guard story.attempts[name]?.result?.outcome == "lost" else { return nil }
      if record.killedMonitors.contains(name) { return nil }
      nameless -= 1
      return nameless >= 0 ? nil : "\(name) is lost, and nobody killed its monitor"
    }
  }
}
