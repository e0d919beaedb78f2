/// How a definition has `forEach`: a message as `TaggedDefinitionCodec` says, with one of the sources.
private enum ForEachTag {
  static let literal: UInt64 = 1
  static let parameter: UInt64 = 2
  static let output: UInt64 = 3
  static let most: UInt64 = 4
  static let jobs: UInt64 = 5
  static let tolerance: UInt64 = 6
  static let whenEmpty: UInt64 = 7
  static let key: UInt64 = 8
  static let chain: UInt64 = 9
}

extension ByteWriter {
  mutating func writeMessage(_ forEach: ForEach) {
    switch forEach.source {
    case .literal(let items):
      writeField(ForEachTag.literal) { $0.write(list: items) { $0.write($1) } }
    case .parameter(let place): writeField(ForEachTag.parameter) { $0.write(count: place) }
    case .output(let step, let place):
      writeField(ForEachTag.output) {
        $0.write(count: step)
        $0.write(count: place)
      }
    }
    if forEach.most != ForEach.impliedMost {
      writeField(ForEachTag.most) { $0.write(count: forEach.most) }
    }
    if let jobs = forEach.jobs { writeField(ForEachTag.jobs) { $0.write(count: jobs) } }
    switch forEach.tolerance {
    case nil: break
    case .count(let count)?:
      writeField(ForEachTag.tolerance) {
        $0.bytes.append(0)
        $0.write(count: count)
      }
    case .percent(let percent)?:
      writeField(ForEachTag.tolerance) {
        $0.bytes.append(1)
        $0.write(count: percent)
      }
    }
    if forEach.whenEmpty != .skip {
      writeField(ForEachTag.whenEmpty) { $0.bytes.append(forEach.whenEmpty.rawValue) }
    }
    if let key = forEach.key { writeField(ForEachTag.key) { $0.write(text: key) } }
    if !forEach.chain.isEmpty {
      writeField(ForEachTag.chain) {
        $0.write(count: forEach.chain.lowerBound)
        $0.write(count: forEach.chain.count)
      }
    }
  }
}

extension ByteReader {
  mutating func readForEach() throws(CodingError) -> ForEach {
    var source: ForEach.Source?
    var forEach = ForEach(over: .literal([]))
    var order = FieldOrder()
    while let tag = try readTag(&order) {
      try readField { (reader) throws(CodingError) in
        let start = reader.position
        switch tag {
        case ForEachTag.literal, ForEachTag.parameter, ForEachTag.output:
          try reader.require(source == nil, "source of forEach", at: start)
          source = try reader.readSource(tag)
        case ForEachTag.most:
          forEach.most = try reader.readCount()
          try reader.require(forEach.most != ForEach.impliedMost, "max", at: start)
        case ForEachTag.jobs: forEach.jobs = try reader.readCount()
        case ForEachTag.tolerance:
          switch try reader.readByte() {
          case 0: forEach.tolerance = .count(try reader.readCount())
          case 1: forEach.tolerance = .percent(try reader.readCount())
          case let code: throw .newer("tolerate", code, at: start)
          }
        case ForEachTag.whenEmpty:
          forEach.whenEmpty = try reader.readCase("empty")
          try reader.require(forEach.whenEmpty != .skip, "empty", at: start)
        case ForEachTag.key: forEach.key = try reader.readTextToEnd()
        case ForEachTag.chain:
          let first: Int32 = try reader.readCount()
          let count: Int32 = try reader.readCount()
          try reader.require(count > 0 && count <= .max - first, "chain", at: start)
          forEach.chain = first..<first + count
        default: throw CodingError(offset: start, reason: .newer("forEach has a field \(tag)"))
        }
      }
    }
    guard let source else { throw CodingError(offset: position, reason: .malformed("forEach")) }
    forEach.source = source
    return forEach
  }

  private mutating func readSource(_ tag: UInt64) throws(CodingError) -> ForEach.Source {
    switch tag {
    case ForEachTag.literal:
      .literal(try readList { (reader) throws(CodingError) in try reader.readString() })
    case ForEachTag.parameter: .parameter(try readCount())
    default: .output(step: try readCount(), place: try readCount())
    }
  }
}
