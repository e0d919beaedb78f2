/// A binary min-heap. Its layout depends only on the order of calls, so two heaps with the same
/// calls are equal.
///
/// Public and inlinable because hot loops use it: the compiler does not specialize package-level
/// generics across modules, so each call would look up its types at run time.
public struct BinaryHeap<Element: Comparable & Sendable>: Equatable, Sendable {
  @usableFromInline var elements: [Element] = []

  @inlinable public init() {}

  @inlinable public var isEmpty: Bool { elements.isEmpty }
  @inlinable public var count: Int { elements.count }
  @inlinable public var min: Element? { elements.first }

  /// The smallest elements, in order, computed lazily.
  package func smallest(_ count: Int) -> [Element] {
    var found: [Element] = []
    // Indices whose ancestors are all emitted; few, so a linear search for the least is cheap.
    var candidates = elements.isEmpty ? [] : [0]
    while found.count < count {
      let least = candidates.indices.min { elements[candidates[$0]] < elements[candidates[$1]] }
      guard let least else { break }
      let place = candidates.remove(at: least)
      found.append(elements[place])
      for child in [2 * place + 1, 2 * place + 2] where child < elements.count {
        candidates.append(child)
      }
    }
    return found
  }

  @inlinable public mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if elements[parent] <= elements[child] { return }
      elements.swapAt(parent, child)
      child = parent
    }
  }

  @inlinable public mutating func removeMin() -> Element? {
    guard let last = elements.popLast() else { return nil }
    guard let min = elements.first else { return last }
    elements[0] = last
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < elements.count && elements[child] < elements[smallest] {
        smallest = child
      }
      if smallest == parent { return min }
      elements.swapAt(parent, smallest)
      parent = smallest
    }
  }

  package mutating func removeAll() {
    elements.removeAll()
  }
}
