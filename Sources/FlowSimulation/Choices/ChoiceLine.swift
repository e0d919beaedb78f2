/// A choice as a line of text: `site index value count`. The index counts the choices of the site
/// from 0, and the value is one of 0..<count.
package struct ChoiceLine: Hashable, Sendable {
  /// A name, since another flowsim may have other sites.
  package let site: String
  package let index: Int
  package let value: Int
  package let count: Int

  package init(site: String, index: Int, value: Int, count: Int) {
    self.site = site
    self.index = index
    self.value = value
    self.count = count
  }
}

extension ChoiceLine: LosslessStringConvertible {
  /// Nil for text that is no choice.
  package init?(_ description: String) {
    let words = description.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 4, let first = words[0].first, first.isLetter,
      let index = Int(words[1]), let value = Int(words[2]), let count = Int(words[3]),
      index >= 0, (0..<max(count, 0)).contains(value)
    else { return nil }
    self.init(site: String(words[0]), index: index, value: value, count: count)
  }

  package var description: String { "\(site) \(index) \(value) \(count)" }
}

/// The first choice that two worlds do not share.
package struct ChoiceDifference: Equatable, Sendable {
  /// Which choice of the world it is, over all sites, from 0.
  package let position: Int
  /// Nil where one world makes no more choices.
  package let one: ChoiceLine?
  package let other: ChoiceLine?

  /// - Returns: nil if all are the same.
  package static func first(of one: [ChoiceLine], _ other: [ChoiceLine]) -> ChoiceDifference? {
    let shared = zip(one, other).prefix { $0 == $1 }.count
    if shared == one.count && shared == other.count { return nil }
    return ChoiceDifference(
      position: shared, one: one.indices.contains(shared) ? one[shared] : nil,
      other: other.indices.contains(shared) ? other[shared] : nil)
  }

  /// - Parameters: what the worlds are called.
  package func text(_ one: String, _ other: String) -> String {
    "choice \(position) differs: \(Self.text(self.one)) in \(one),"
      + " and \(Self.text(self.other)) in \(other)"
  }

  private static func text(_ choice: ChoiceLine?) -> String {
    choice.map { "\($0.site) \($0.index) is \($0.value) of \($0.count)" } ?? "there is none"
  }
}
