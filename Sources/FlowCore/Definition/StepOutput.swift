/// A value that a step declares, and hands to the steps after it.
package struct StepOutput: Hashable, Sendable {
  /// The name of a file in the folder that its attempts get (`$FLOW_OUTPUTS`).
  package var name: String
  package var type: OutputType

  package init(name: String, type: OutputType = .string) {
    self.name = name
    self.type = type
  }

  /// The limit for the outputs of one step.
  package static let most = 100
  /// The limit for all outputs of one attempt together, in bytes.
  package static let mostBytesTogether = 16 << 20
  /// What conditions and templates ask of every step; so no output has that name.
  package static let reservedName = "result"

  /// `[A-Za-z_][A-Za-z0-9_]{0,63}`
  package static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, name.utf8.count <= 64 else { return false }
    func isLetter(_ byte: UInt8) -> Bool {
      UInt8(ascii: "a") <= byte && byte <= UInt8(ascii: "z")
        || UInt8(ascii: "A") <= byte && byte <= UInt8(ascii: "Z") || byte == UInt8(ascii: "_")
    }
    return isLetter(first)
      && name.utf8.allSatisfy {
        isLetter($0) || UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9")
      }
  }
}

package enum OutputType: UInt8, CaseIterable, Sendable {
  case string = 0
  case int = 1
  case number = 2
  case bool = 3
  /// `2026-11-29`
  case date = 4
  /// Texts, each on a line of its own.
  case lines = 5
  /// A value as JSON has it; a text here.
  case json = 6

  package static let mostLines = 1_000_000

  /// The largest file of the type, in bytes.
  package var mostBytes: Int {
    switch self {
    case .string, .int, .number, .bool, .date: 64 << 10
    case .lines, .json: StepOutput.mostBytesTogether
    }
  }

  /// Nil for what conditions do not look into.
  package var conditionType: ConditionType? {
    switch self {
    case .string: .text
    case .int, .number: .number
    case .bool: .flag
    case .date: .date
    case .lines: .list(.text)
    case .json: nil
    }
  }

  /// The value in a file of the type, with one line feed at the end dropped from what is a single text.
  ///
  /// - Throws: what is wrong with it.
  package func value(of file: [UInt8]) throws(OutputFault) -> [UInt8] {
    if file.count > mostBytes { throw .tooLarge }
    // Values become arguments and variables, which end at a zero.
    guard !file.contains(0), String(validating: file, as: UTF8.self) != nil else { throw .notText }
    switch self {
    case .lines:
      let ends = file.count { $0 == UInt8(ascii: "\n") }
      let isCut = file.last.map { $0 != UInt8(ascii: "\n") } ?? false
      if ends + (isCut ? 1 : 0) > Self.mostLines { throw .tooManyLines }
      return file
    case .json:
      guard JSONSyntax.isValid(file) else { throw .wrongType }
      return file
    case .string, .int, .number, .bool, .date:
      let value = file.last == UInt8(ascii: "\n") ? Array(file.dropLast()) : file
      guard isSpelled(value) else { throw .wrongType }
      return value
    }
  }

  private func isSpelled(_ value: [UInt8]) -> Bool {
    switch self {
    case .string, .lines, .json: return true
    case .int:
      let digits = value.first == UInt8(ascii: "-") ? value.dropFirst() : value[...]
      return !digits.isEmpty
        && digits.allSatisfy { UInt8(ascii: "0") <= $0 && $0 <= UInt8(ascii: "9") }
    case .number: return ConditionNumber(value) != nil
    case .bool: return value.elementsEqual("true".utf8) || value.elementsEqual("false".utf8)
    case .date: return CalendarDate.isValid(value)
    }
  }

  /// The texts of a list.
  package static func lines(of value: [UInt8]) -> [String] {
    var lines = value.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    // What ends with a line feed has no line after it, and nothing has no line.
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// What is wrong with the outputs, or the files, of an attempt that did its work otherwise.
package enum OutputFault: UInt8, Error, CaseIterable, Sendable {
  case missing = 0
  /// A file that the step does not declare.
  case undeclared = 1
  case tooLarge = 2
  case tooManyLines = 3
  /// Not UTF-8, or with a zero byte.
  case notText = 4
  case wrongType = 5
  /// A folder, a link, a pipe or a device.
  case notAFile = 6
  /// It holds a secret of the step.
  case secret = 7
  case unreadable = 8
  /// The disk refused the copy of the outputs.
  case uncollected = 9
  case tooLargeTogether = 10
  /// The files that the step declares could not be published: the output of the attempt has the reasons.
  case unpublished = 11
  /// The files that it had made did not survive that the machine went down.
  case gone = 12
  /// The process that publishes them was killed, and another one continues.
  case cutOff = 13
  /// An input that the step declares cannot be read, so its command did not run.
  case noInput = 14

  /// Whether it is about files, and not about values.
  package var isOfFiles: Bool { [.unpublished, .gone, .cutOff, .noInput].contains(self) }
}

/// Why an attempt that exited 0 failed nevertheless, and what is known of one that has not published its files.
package struct OutputRefusal: Hashable, Sendable {
  package var fault: OutputFault
  /// Of the output; of an undeclared file, of that. Empty where no single one is at fault.
  package var name: String

  package init(_ fault: OutputFault, _ name: String) {
    self.fault = fault
    self.name = name
  }

  /// - Parameter type: that the step declares; nil if it is unknown.
  package func text(_ type: OutputType?) -> String {
    switch fault {
    case .missing: "its output \(name) is missing"
    case .noInput: "its input \(name) is missing, or cannot be read"
    case .undeclared: "it wrote an output \(name), which its step does not declare"
    case .tooLarge:
      "its output \(name) is larger than \((type?.mostBytes).map(Self.size) ?? "its type allows")"
    case .tooManyLines: "its output \(name) has more than \(OutputType.mostLines) lines"
    case .notText: "its output \(name) is no text in UTF-8, or has a zero byte"
    case .wrongType: "its output \(name) is no \(type.map { "\($0)" } ?? "value of its type")"
    case .notAFile: "its output \(name) is no regular file"
    case .secret where name.isEmpty: "the name of an output holds a secret"
    case .secret: "its output \(name) holds a secret"
    case .unpublished: "its files could not be published, and its output says why"
    case .gone: "the files that it had made were lost when the machine went down"
    case .cutOff: "it was to publish files, which another attempt continues"
    case .unreadable: "its output \(name) cannot be read"
    case .uncollected: "its outputs could not be copied"
    case .tooLargeTogether:
      "its outputs are larger than \(Self.size(StepOutput.mostBytesTogether)) together"
    }
  }

  private static func size(_ bytes: Int) -> String {
    bytes >= 1 << 20 ? "\(bytes >> 20) MiB" : "\(bytes >> 10) KiB"
  }
}

/// Days as `2026-11-29`.
package enum CalendarDate {
  package static func isValid(_ bytes: [UInt8]) -> Bool {
    guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
      let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
      let day = number(bytes[8..<10]), year >= 1, day >= 1
    else { return false }
    let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    switch month {
    case 1, 3, 5, 7, 8, 10, 12: return day <= 31
    case 4, 6, 9, 11: return day <= 30
    case 2: return day <= (isLeap ? 29 : 28)
    default: return false
    }
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    var number = 0
    for digit in digits {
      guard UInt8(ascii: "0") <= digit, digit <= UInt8(ascii: "9") else { return nil }
      number = number * 10 + Int(digit - UInt8(ascii: "0"))
    }
    return number
  }
}
