import FlowCore

/// What a step asks, with its fields, which are the step's outputs.
struct Ask {
  var question: Question
  var fields: [StepOutput]

  /// The keys that a step can have which asks. It runs no command.
  static let keys = ["id", "ask", "needs", "when", "description", "allowFailure"]
}

enum AskKey: CaseIterable, Sendable {
  case text, timeout, otherwise, fields

  static let table = KeyTable(allCases.map { (name: "\($0)", key: $0) })
  /// As the file has them.
  static let otherwiseWords: [(word: String, value: Question.Otherwise)] = [
    ("approve", .approve), ("reject", .reject), ("fail", .fail),
  ]
}

extension DefinitionReader {
  /// Takes the value of `ask`.
  mutating func readAsk() throws(SyntaxError) -> Ask? {
    let expected = #"an object such as {"text": "Release ${params.version}?", "timeout": "24h"}"#
    guard let start = try beginObject(expected) else { return nil }
    var ask = Ask(question: Question(text: ""), fields: [])
    var cursor = ObjectCursor(#""ask""#, AskKey.table)
    while let key = try nextKey(&cursor) {
      switch key {
      case .text:
        let offset = try nextOffset()
        guard let text = try readNonEmptyText("a question in words") else { continue }
        if text.utf8.count > Question.mostTextBytes {
          report(
            at: offset,
            "the question has \(text.utf8.count) bytes, which exceeds the limit of"
              + " \(Question.mostTextBytes): name a file in it")
        }
        noteTemplate(text, at: offset)
        ask.question.text = text
      case .timeout: ask.question.timeoutMilliseconds = try duration(allowingZero: false)
      case .otherwise:
        if let index = try readWord(of: AskKey.otherwiseWords.map(\.word)) {
          ask.question.otherwise = AskKey.otherwiseWords[index].value
        }
      case .fields: ask.fields = try readOutputs() ?? []
      }
    }
    let place = pathDescription
    if !cursor.has("text") { report(at: start, #"missing "text": what is asked"#) }
    if let offset = cursor.offset(of: "otherwise"), !cursor.has("timeout") {
      report(
        at: offset, path: "\(place).otherwise",
        #""otherwise" says what counts after the "timeout": give a "timeout""#)
    } else if let offset = cursor.offset(of: "otherwise"), !ask.fields.isEmpty,
      ask.question.otherwise == .approve
    {
      report(
        at: offset, path: "\(place).otherwise",
        #"without an answer the "fields" have no values: choose "reject" or "fail""#)
    }
    return ask
  }

  /// Reports what a step with `ask` cannot have.
  mutating func checkAsk(_ cursor: ObjectCursor<StepKey>, isFinally: Bool) {
    guard let ask = cursor.offset(of: "ask"), !cursor.has("call") else { return }
    let place = pathDescription
    if isFinally {
      report(
        at: ask, path: "\(place).ask",
        #"a step of "finally" has no "ask": it would keep the run from its end"#)
    }
    for name in StepKey.table.names where !Ask.keys.contains(name) {
      guard let offset = cursor.offset(of: name), name != "with", name != "forEach" else {
        continue
      }
      let why =
        switch name {
        case "timeout": #"the "timeout" for the answer belongs into "ask""#
        case "outputs": #"its outputs are the "fields" of "ask""#
        default: "it runs no command"
        }
      report(
        at: offset, path: "\(place).\(name)", "a step with \"ask\" has no \"\(name)\": \(why)")
    }
  }
}
