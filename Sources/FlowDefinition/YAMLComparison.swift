/// Compares what `YAMLPlainText` makes of texts with what libyaml does, for tests and fuzzers.
package enum YAMLComparison {
  /// Where they differ, in words; nil if all events of the text are the same. libyaml sees an error a little
  /// earlier, since it looks ahead.
  package static func difference(in text: [UInt8]) -> String? {
    let checked = YAMLText(text)
    var (plain, plainBytes) = (YAMLParser(checked), text)
    var (library, libraryBytes) = (YAMLParser(checked, asksLibrary: true), text)
    var number = 0
    while true {
      var (one, other) = (next(&plain, &plainBytes), next(&library, &libraryBytes))
      number += 1
      while other.isError, !one.isLast { one = next(&plain, &plainBytes) }
      guard one.text == other.text else {
        return "event \(number) of a YAML text is \(one.text), not \(other.text)"
      }
      if other.isLast { return nil }
    }
  }

  /// How many events of the text libyaml is not asked for.
  package static func plainCount(in text: [UInt8]) -> Int {
    var (plain, bytes) = (YAMLPlainText(YAMLText(text)), text)
    while plain.nextEvent(&bytes) != nil {}
    return plain.count
  }

  private static func next(
    _ parser: inout YAMLParser, _ bytes: inout [UInt8]
  ) -> (text: String, isLast: Bool, isError: Bool) {
    let event: YAMLEvent
    do throws(SyntaxError) {
      event = try parser.next(&bytes)
    } catch {
      return ("an error at \(error.offset): \(error.message)", true, true)
    }
    switch event.kind {
    case .documentStart, .streamEnd, .other:
      return ("\(event.kind)", event.kind == .streamEnd, false)
    default:
      let content = String(decoding: bytes[event.content], as: UTF8.self)
      let marks = [event.isPlain, event.isTagged, event.hasAnchor].map { $0 ? "1" : "0" }.joined()
      return ("\(event.kind) \(marks) at \(event.offset) \(content.debugDescription)", false, false)
    }
  }
}
