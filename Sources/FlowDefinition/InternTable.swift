import FlowCore

/// Distinct values in the order of their first appearance.
///
/// `String` compares by canonical equivalence, but "é" in one code point and in two are different
/// arguments to a program. So the bytes of all text are hashed and compared as well.
struct InternTable<Value: TextHolding> {
  private(set) var values: [Value] = []
  /// By hash, the latest value that has it; `previous` leads to the others.
  private var latest: [Int: Int32] = [:]
  private var previous: [Int32] = []
  private var scratch = (text: [UInt8](), other: [UInt8]())

  /// The index of the value in `values`; adds it if it is new.
  mutating func index(of value: Value) -> Int32 {
    value.copyText(to: &scratch.text)
    var hasher = Hasher()
    hasher.combine(value)
    hasher.combine(scratch.text)
    let hash = hasher.finalize()
    let head = latest[hash] ?? -1
    var candidate = head
    while candidate >= 0 {
      if isEqual(value, candidate) { return candidate }
      candidate = previous[Int(candidate)]
    }
    let index = Int32(values.count)
    values.append(value)
    previous.append(head)
    latest[hash] = index
    return index
  }

  /// Whether the value, whose text is in `scratch.text`, is the one at `index`, byte by byte.
  private mutating func isEqual(_ value: Value, _ index: Int32) -> Bool {
    guard values[Int(index)] == value else { return false }
    values[Int(index)].copyText(to: &scratch.other)
    return scratch.other == scratch.text
  }
}

/// A value with text in it, which is compared byte by byte.
protocol TextHolding: Hashable {
  /// Hands out all text, always in the same order.
  func forEachText(_ body: (String) -> Void)
}

extension TextHolding {
  fileprivate func copyText(to bytes: inout [UInt8]) {
    bytes.removeAll(keepingCapacity: true)
    forEachText {
      bytes.append(contentsOf: $0.utf8)
      bytes.append(0)
    }
  }
}

extension StepSettings: TextHolding {
  func forEachText(_ body: (String) -> Void) {
    for key in Self.keysWithText { key.value(of: self).forEachText(body) }
  }

  private static let keysWithText = valuedKeys.filter { key in
    switch key.type {
    case .text, .flagOrText, .command, .shell, .environment, .variableNames, .paths, .variableFiles,
      .secrets, .outputs:
      true
    case .structure, .object, .flag, .duration, .byteSize, .wholeNumber, .decimal, .word, .words,
      .exitCodes:
      false
    }
  }
}

extension DefinitionValue {
  /// Hands out all text in it, always in the same order.
  func forEachText(_ body: (String) -> Void) {
    switch self {
    case .none, .flag, .number, .bytes: break
    case .text(let text): body(text)
    case .command(let command): command.forEachText(body)
    case .environment(let environment): environment.forEachText(body)
    case .names(let names): names.forEach(body)
    case .files(let files): for file in files { body(file.path) }
    case .secrets(let secrets): for secret in secrets { body(secret.name) }
    case .outputs(let outputs): for output in outputs { body(output.name) }
    }
  }
}

extension [EnvironmentVariable] {
  fileprivate func forEachText(_ body: (String) -> Void) {
    for variable in self {
      body(variable.name)
      body(variable.value)
    }
  }
}

extension Command {
  fileprivate func forEachText(_ body: (String) -> Void) {
    switch self {
    case .shell(let line): body(line)
    case .program(let arguments): arguments.forEach(body)
    }
  }
}
