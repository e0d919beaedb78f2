/// First in, first out, in an array whose spent front is dropped now and then. Inlinable, since loops
/// turn around it: what other modules call would look up its types at every turn.
package struct WorkQueue<Element: Equatable & Sendable>: Equatable, Sendable {
  @usableFromInline var elements: [Element] = []
  @usableFromInline var head = 0

  @inlinable package init() {}

  @inlinable package var isEmpty: Bool { head == elements.count }
  @inlinable package var count: Int { elements.count - head }
  @inlinable package var first: Element? { isEmpty ? nil : elements[head] }

  @inlinable package mutating func append(_ element: Element) {
    elements.append(element)
  }

  @inlinable
  @discardableResult
  package mutating func removeFirst() -> Element? {
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

  package static func == (left: Self, right: Self) -> Bool {
    left.elements[left.head...] == right.elements[right.head...]
  }
}
