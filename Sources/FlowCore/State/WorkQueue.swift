/// First in, first out, in an array whose spent front is dropped now and then. Public
/// and inlinable for the reason that `BinaryHeap` is.
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

  /// Takes out all elements for which `condition` holds; the others keep their order.
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
