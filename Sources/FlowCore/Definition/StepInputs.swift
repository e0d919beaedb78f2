/// What a step reads, as `inputs` declares it: paths relative to its working folder, as those of `StepFiles`, or
/// patterns for them. In a pattern `*` stands for any part of a name, `?` for one character of it, and a name
/// that is `**` for any number of folders. They match no name that begins with a dot, unless they do so
/// themselves. Each can be a template.
package enum StepInputs {
  /// Whether it can stand for other paths than itself.
  package static func isPattern(_ path: some StringProtocol) -> Bool {
    path.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: "?") }
  }

  /// Whether a pattern matches a path; both without a slash at their end.
  package static func matches(_ pattern: String, _ path: String) -> Bool {
    matches(
      pattern.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)[...],
      path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)[...])
  }

  /// Whether a pattern can match something in a folder.
  package static func canMatch(_ pattern: String, in folder: String) -> Bool {
    var parts = pattern.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)[...]
    for name in folder.utf8.split(separator: UInt8(ascii: "/")) {
      guard let first = parts.first else { return false }
      if isAnyFolders(first) { return !isHidden(Array(name)) }
      guard matches(name: first, Array(name)) else { return false }
      parts.removeFirst()
    }
    return !parts.isEmpty
  }

  private static func matches(_ pattern: ArraySlice<[UInt8]>, _ path: ArraySlice<[UInt8]>) -> Bool {
    guard let first = pattern.first else { return path.isEmpty }
    var rest = pattern.dropFirst()
    guard isAnyFolders(first) else {
      guard let name = path.first, matches(name: first, name) else { return false }
      return matches(rest, path.dropFirst())
    }
    // Several in a row stand for no more than one.
    while let next = rest.first, isAnyFolders(next) { rest.removeFirst() }
    // At the end it stands for everything below.
    if rest.isEmpty { return !path.isEmpty && !path.contains(where: isHidden) }
    var path = path
    while true {
      if matches(rest, path) { return true }
      guard let name = path.popFirst(), !isHidden(name) else { return false }
    }
  }

  private static func isAnyFolders(_ part: [UInt8]) -> Bool { part.elementsEqual("**".utf8) }

  private static func isHidden(_ name: [UInt8]) -> Bool { name.first == UInt8(ascii: ".") }

  /// Of one name. A `*` is tried again with one byte more as long as the rest does not match.
  private static func matches(name pattern: [UInt8], _ name: [UInt8]) -> Bool {
    if isHidden(name), !isHidden(pattern) { return false }
    var (place, at) = (0, 0)
    var star: (place: Int, at: Int)?
    while at < name.count {
      if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
        star = (place, at)
        place += 1
      } else if place < pattern.count, pattern[place] == UInt8(ascii: "?") {
        place += 1
        at += 1
        // The other bytes of the character.
        while at < name.count, name[at] & 0xC0 == 0x80 { at += 1 }
      } else if place < pattern.count, pattern[place] == name[at] {
        place += 1
        at += 1
      } else if let last = star {
        star = (last.place, last.at + 1)
        (place, at) = (last.place + 1, last.at + 1)
      } else {
        return false
      }
    }
    return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

extension WorkflowDefinition {
  /// What the step at `index` reads, as templates; nothing of a node, whose children do.
  package func inputs(ofStep index: Int) -> [String] {
    let place = Int(steps[index].extrasIndex)
    return place == 0 || forEach(ofStep: index) != nil ? [] : extras[place].inputs
  }

  /// Whether the step at `index` may use a former result.
  package func caches(ofStep index: Int) -> Bool {
    let place = Int(steps[index].extrasIndex)
    return place != 0 && forEach(ofStep: index) == nil && extras[place].caches
  }
}
