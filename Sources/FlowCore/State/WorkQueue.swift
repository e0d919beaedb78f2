/// A first-in, first-out queue in an array whose consumed front is dropped from time to time.
/// Public and inlinable for the same reason as `BinaryHeap`.
public struct WorkQueue<Element: Equatable & Sendable>: Equatable, Sendable {
  @usableFromInline var elements: [Element] = []
  @usableFromInline var head = 0

  @inlinable public init() {}

  @inlinable public var isEmpty: Bool { head == elements.count }
  @inlinable public var count: Int { elements.count - head }
  @inlinable public var first: Element? { isEmpty ? nil : elements[head] }

  package func count(where condition: (Element) -> Bool) -> Int {
    elements[head...].count(where: condition)
  }

  @inlinable public mutating func append(_ element: Element) {
    elements.append(element)
  }

  @inlinable
  @discardableResult
  public mutating func removeFirst() -> Element? {
    guard let element = first else { return nil }
    head += 1
    if head * 2 > elements.count {
      elements.removeFirst(head)
      head = 0
    }
    return element
  }

  /// Removes all elements that satisfy `condition`; the others keep their order.
  package mutating func removeAll(where condition: (Element) -> Bool) {
    elements.removeFirst(head)
    head = 0
    elements.removeAll(where: condition)
  }

  package mutating func removeAll() {
    elements.removeAll()
    head = 0
  }

  public static func == (left: Self, right: Self) -> Bool {
    left.elements[left.head...] == right.elements[right.head...]
  }
}
