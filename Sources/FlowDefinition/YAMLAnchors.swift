import FlowText

/// What the anchors of a YAML text stand for, as events. Aliases in it are already replaced.
struct YAMLAnchors {
  /// How many values all aliases may stand for together, and how many bytes of text: a few lines of
  /// aliases to lists of aliases would be billions.
  static let valueLimit = 1_000_000
  static let textLimit = 64 << 20

  private struct Anchor {
    var start: Int
    /// Nil while its value has not ended.
    var end: Int?
  }

  private var recorded: [YAMLEvent] = []
  private var anchors: [Anchor] = []
  /// The most recent anchor of each name.
  private var indices: [String: Int] = [:]
  /// The anchors whose value has not ended, the outermost first, and the depth outside of them.
  private var open: [(anchor: Int, depth: Int)] = []
  /// What is left of the value that an alias stands for.
  private var repeated = 0..<0
  private var alias = 0
  private var isFirst = false
  private var values = 0
  private var textBytes = 0
  /// For how many more aliases a name is suggested: a comparison takes time, and more are told once
  /// these are mended.
  private var suggestions = 20

  /// Why an alias stands for nothing.
  struct Unresolved: Error {
    let message: String
  }

  /// Begins what an alias stands for.
  mutating func begin(_ alias: YAMLEvent, of name: String) throws(Unresolved) {
    guard let index = indices[name] else {
      var message = "no anchor \(Quoting.quoted("&" + name)) comes before this alias"
      if let nearest = nearest(to: name) {
        message += ": did you mean \(Quoting.quoted("*" + nearest))?"
      }
      throw Unresolved(message: message)
    }
    guard let end = anchors[index].end else {
      throw Unresolved(message: "the alias is in the value of its own anchor")
    }
    repeated = anchors[index].start..<end
    self.alias = alias.offset
    isFirst = true
  }

  /// The anchor with the most similar name, among those near the beginning of the file.
  private mutating func nearest(to name: String) -> String? {
    guard suggestions > 0 else { return nil }
    suggestions -= 1
    let names = indices.filter { $0.value < 10_000 }.sorted { $0.value < $1.value }
    return Suggestion.nearest(to: name, among: names.lazy.map(\.key))
  }

  /// Whether something is left of what an alias stands for.
  var isRepeating: Bool { !repeated.isEmpty }
  /// Whether the value of an anchor has not ended.
  var isRecording: Bool { !open.isEmpty }

  /// The next event of what an alias stands for. The first one is where the alias is.
  mutating func nextRepeated() throws(SyntaxError) -> YAMLEvent {
    let index = repeated.lowerBound
    repeated = (index + 1)..<repeated.upperBound
    var event = recorded[index]
    if event.kind != .end { values += 1 }
    textBytes += event.content.count
    guard values <= Self.valueLimit, textBytes <= Self.textLimit else {
      throw SyntaxError(
        at: alias,
        "aliases repeat too much: at most \(Self.valueLimit) values and"
          + " \(Self.textLimit >> 20) MiB of text are allowed")
    }
    if isFirst { event.offset = alias }
    isFirst = false
    return event
  }

  /// Records the event if it belongs to the value of an anchor.
  ///
  /// - Parameters:
  ///   - name: that of its anchor, if it has one.
  ///   - depth: how many sequences and mappings are open after it.
  mutating func note(_ event: YAMLEvent, name: String?, depth: Int) {
    if let name {
      let isScalar = event.kind == .scalar
      indices[name] = anchors.count
      anchors.append(Anchor(start: recorded.count, end: isScalar ? recorded.count + 1 : nil))
      if isScalar && open.isEmpty { recorded.append(plain(event)) }
      if !isScalar { open.append((anchors.count - 1, depth - 1)) }
    }
    guard let innermost = open.last else { return }
    recorded.append(plain(event))
    if event.kind == .end && depth == innermost.depth {
      anchors[innermost.anchor].end = recorded.count
      open.removeLast()
    }
  }

  private func plain(_ event: YAMLEvent) -> YAMLEvent {
    var event = event
    event.hasAnchor = false
    event.isTagged = false
    return event
  }
}
