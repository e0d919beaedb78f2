// Conditions in a recorded definition: their terms in order, each
//
//     code     byte
//     value    by code
//
// A term that a later version adds has another code.

extension ByteWriter {
  mutating func write(_ condition: Condition) {
    write(list: condition.terms) { $0.write($1) }
  }

  private mutating func write(_ term: Condition.Term) {
    switch term {
    case .literal(let value):
      bytes.append(0)
      write(value)
    case .parameter(let place):
      bytes.append(1)
      write(count: place)
    case .result(let step):
      bytes.append(2)
      write(count: step)
    case .not: bytes.append(3)
    case .size: bytes.append(4)
    case .compare(let comparison): bytes += [5, comparison.rawValue]
    case .contained: bytes.append(6)
    case .and: bytes.append(7)
    case .or: bytes.append(8)
    case .otherwise: bytes.append(9)
    case .output(let step, let place):
      bytes.append(10)
      write(count: step)
      write(count: place)
    case .item(let field):
      bytes.append(11)
      write(optional: field) { $0.write($1) }
    }
  }

  private mutating func write(_ value: ConditionValue) {
    switch value {
    case .flag(let flag):
      bytes.append(0)
      write(flag)
    case .text(let text):
      bytes.append(1)
      write(text)
    case .number(let text):
      bytes.append(2)
      write(text)
    case .date(let text):
      bytes.append(3)
      write(text)
    case .duration(let milliseconds):
      bytes.append(4)
      write(count: milliseconds)
    case .result(let result): bytes += [5, result.rawValue]
    case .list(let elements):
      bytes.append(6)
      write(list: elements) { $0.write($1) }
    }
  }
}

extension ByteReader {
  /// Its references are not checked.
  mutating func readCondition() throws(CodingError) -> Condition {
    Condition(
      try readList { (reader) throws(CodingError) in try reader.readConditionTerm() })
  }

  private mutating func readConditionTerm() throws(CodingError) -> Condition.Term {
    let code = try readByte()
    switch code {
    case 0: return .literal(try readConditionValue(isElement: false))
    case 1: return .parameter(try readCount())
    case 2: return .result(step: try readCount())
    case 3: return .not
    case 4: return .size
    case 5: return .compare(try readCase("comparison"))
    case 6: return .contained
    case 7: return .and
    case 8: return .or
    case 9: return .otherwise
    case 10: return .output(step: try readCount(), place: try readCount())
    case 11:
      return .item(
        try readOptional { (reader) throws(CodingError) in try reader.readString() })
    default: throw .newer("term of a condition", code, at: position - 1)
    }
  }

  /// - Parameter isElement: whether it is of a list, which has no lists.
  private mutating func readConditionValue(isElement: Bool) throws(CodingError) -> ConditionValue {
    let start = position
    let code = try readByte()
    switch code {
    case 0: return .flag(try readBool())
    case 1: return .text(try readString())
    case 2: return try readSpelled(.number, at: start)
    case 3: return try readSpelled(.date, at: start)
    case 4: return .duration(milliseconds: try readCount())
    case 5: return .result(try readCase("result"))
    case 6 where !isElement:
      return .list(
        try readList { (reader) throws(CodingError) in
          try reader.readConditionValue(isElement: true)
        })
    case 6: throw CodingError(offset: start, reason: .malformed("list in a condition"))
    default: throw .newer("value in a condition", code, at: start)
    }
  }

  private mutating func readSpelled(
    _ type: ConditionType, at start: Int
  ) throws(CodingError) -> ConditionValue {
    guard let value = ConditionValue(type, try readString()) else {
      throw CodingError(offset: start, reason: .malformed("value in a condition"))
    }
    return value
  }
}
