import FlowCore

/// Makes values that lie at, between and beyond literals.
struct OutcomeCandidates {
  let literals: [ConditionValue]
  /// With which the sizes of lists are compared.
  let sizes: [ConditionValue]

  /// In an order that the literals alone decide.
  func values(of type: ConditionType) -> [OutcomeValue] {
    switch type {
    case .flag: ["true", "false"].map { one(type, $0) }.compactMap(\.self)
    case .text: texts
    case .number: numbers
    case .date: dates
    case .duration: durations
    case .list: lists
    case .result: []
    }
  }

  private func one(_ type: ConditionType, _ text: String) -> OutcomeValue? {
    ConditionValue(type, text).map { OutcomeValue(texts: [text], value: $0) }
  }

  private var namedTexts: [String] {
    var seen: Set<[UInt8]> = []
    return literals.compactMap { literal in
      if case .text(let text) = literal, seen.insert(Array(text.utf8)).inserted {
        text
      } else {
        nil
      }
    }
  }

  /// Two that are not named, since texts can be compared with each other.
  private var texts: [OutcomeValue] {
    let named = namedTexts
    let others = Self.unnamed(2, beside: named)
    return named.map { OutcomeValue(texts: [$0], value: .text($0)) }
      + others.map { OutcomeValue(texts: [$0], value: .text($0), isAnyOther: true) }
  }

  private static func unnamed(_ count: Int, beside named: [String]) -> [String] {
    let taken = Set(named)
    // As many as all that are named can hide, and those that are asked for.
    let all = (1...(count + named.count + 1)).map { "other-\($0)" }
    return Array(all.filter { !taken.contains($0) }.prefix(count))
  }

  // MARK: Numbers

  /// Whole numbers in units of a power of ten that is finer than every literal.
  private var numbers: [OutcomeValue] {
    var spelled: [String] = []
    for case .number(let text) in literals where !spelled.contains(text) { spelled.append(text) }
    let parsed = spelled.map { PlainDecimal($0) }
    let places = parsed.compactMap { $0?.places }.max() ?? 0
    var found: [String] = []
    for (text, number) in zip(spelled, parsed) {
      guard let number else {
        // Too long to compute with.
        found.append(text)
        continue
      }
      for delta: Int64 in [0, -1, 1] { found.append(number.text(places: places, plus: delta)) }
      if places > 0 {
        // For what takes whole numbers alone.
        found += number.wholeNeighbours
        for delta: Int64 in [-1, 1] { found.append(number.text(places: places + 1, plus: delta)) }
      }
    }
    if found.isEmpty { found = ["0", "1"] }
    var seen: Set<String> = []
    return found.filter { seen.insert($0).inserted }.compactMap { one(.number, $0) }
  }

  // MARK: Times

  private var dates: [OutcomeValue] {
    var found: [String] = []
    for case .date(let text) in literals {
      found += [text, CalendarDate.day(after: text), CalendarDate.day(before: text)]
        .compactMap(\.self)
    }
    if found.isEmpty { found = ["2000-01-01", "2000-01-02"] }
    var seen: Set<String> = []
    return found.filter { seen.insert($0).inserted }.compactMap { one(.date, $0) }
  }

  private var durations: [OutcomeValue] {
    var found: [Int64] = []
    for case .duration(let time) in literals {
      found += [time, max(0, time - 1), time == .max ? time : time + 1]
    }
    if found.isEmpty { found = [1_000, 2_000] }
    var seen: Set<Int64> = []
    return found.filter { seen.insert($0).inserted }.compactMap { one(.duration, "\($0)ms") }
  }

  // MARK: Lists

  /// Of no element, one and many, with and without the texts that are named.
  private var lists: [OutcomeValue] {
    let named = namedTexts
    var counts = [0, 1, 2]
    for case .number(let text) in sizes {
      guard let size = Int(text), (0...Self.longest).contains(size) else { continue }
      counts += [max(0, size - 1), size, size + 1]
    }
    counts = Set(counts).sorted()
    return parts(of: named).flatMap { part in
      counts.filter { $0 >= part.count }.map { count in
        let texts = part + Self.unnamed(count - part.count, beside: named)
        return OutcomeValue(texts: texts, value: .list(texts.map(ConditionValue.text)))
      }
    }
  }

  /// A condition that asks for longer lists is taken to be false of all.
  private static let longest = 10_000

  /// All parts of a few texts; of many, none of them, each alone, and all.
  private func parts(of texts: [String]) -> [[String]] {
    if texts.count > 3 { return [[]] + texts.map { [$0] } + [texts] }
    return (0..<1 << texts.count).map { bits in
      texts.indices.filter { bits >> $0 & 1 == 1 }.map { texts[$0] }
    }
  }
}

/// A decimal number without an exponent, of few digits.
private struct PlainDecimal {
  private let units: Int64
  /// How many digits of `units` stand behind the point.
  let places: Int

  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 2, let whole = parts.first, text.utf8.count <= 12 else { return nil }
    let fraction = parts.count == 2 ? String(parts[1]) : ""
    guard let units = Int64(whole + fraction) else { return nil }
    self.units = text.hasPrefix("-") && units > 0 ? -units : units
    places = fraction.utf8.count
  }

  private static func power(_ exponent: Int) -> Int64 {
    (0..<exponent).reduce(1) { value, _ in value * 10 }
  }

  /// - Parameters:
  ///   - places: at least as many as it has.
  ///   - delta: in units of the last place.
  func text(places: Int, plus delta: Int64) -> String {
    Self.text(units * Self.power(places - self.places) + delta, places)
  }

  private static func text(_ units: Int64, _ places: Int) -> String {
    let sign = units < 0 ? "-" : ""
    let whole = "\(sign)\(units.magnitude / UInt64(power(places)))"
    if places == 0 { return whole }
    let digits = String(units.magnitude % UInt64(power(places)))
    let fraction = String(repeating: "0", count: places - digits.utf8.count) + digits
    let end = fraction.utf8.lastIndex { $0 != UInt8(ascii: "0") }
    return end.map { "\(whole).\(fraction[...$0])" } ?? whole
  }

  /// Beside it and, if it is whole, itself.
  var wholeNeighbours: [String] {
    let unit = Self.power(places)
    let floor = units / unit - (units % unit < 0 ? 1 : 0)
    return [floor - 1, floor, floor + 1, floor + 2].map { "\($0)" }
  }
}

extension CalendarDate {
  fileprivate static func day(after text: String) -> String? {
    guard let (year, month, day) = parts(text) else { return nil }
    return [(year, month, day + 1), (year, month + 1, 1), (year + 1, 1, 1)].lazy
      .map(spelled).first { isValid(Array($0.utf8)) }
  }

  fileprivate static func day(before text: String) -> String? {
    guard let (year, month, day) = parts(text) else { return nil }
    let ends = [31, 30, 29, 28].map { (year, month - 1, $0) }
    return ([(year, month, day - 1)] + ends + [(year - 1, 12, 31)]).lazy
      .map(spelled).first { isValid(Array($0.utf8)) }
  }

  private static func parts(_ text: String) -> (Int, Int, Int)? {
    let numbers = text.split(separator: "-").compactMap { Int($0) }
    return numbers.count == 3 ? (numbers[0], numbers[1], numbers[2]) : nil
  }

  private static func spelled(_ date: (year: Int, month: Int, day: Int)) -> String {
    func padded(_ number: Int, _ width: Int) -> String {
      let digits = String(max(0, number))
      return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
    return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
  }
}
