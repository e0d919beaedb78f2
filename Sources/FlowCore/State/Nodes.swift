/// What a run knows of the children of a node, in this round or the last that had any.
package struct Expanded: Equatable, Sendable {
  package let node: Int32
  /// Why there are none.
  package internal(set) var fault: ItemFault?
  /// Its children, in the order of their items; in a chain those of an item behind each other.
  package internal(set) var children: [Int32] = []
  /// All that it had in any round: those of each time that it got new ones are behind each other.
  package internal(set) var added: [Range<Int32>] = []
  /// How many children an item has.
  package internal(set) var perItem: Int32 = 1
  package var items: Int32 { Int32(children.count) / perItem }
  /// How many of the items the run leaves out.
  package internal(set) var leftOut: Int32 = 0
  package var selectedItems: Int32 { items - leftOut }
  package internal(set) var unsettled: Int32 = 0
  /// The items of which a child has not settled.
  package internal(set) var unsettledItems: Int32 = 0
  /// How many items have failed: a child of theirs for good, which in a chain is not allowed to.
  package internal(set) var failed: Int32 = 0
  /// In a chain, the first children of these items.
  package internal(set) var failedItems: Set<Int32> = []
  /// Whether any child has failed for good, be it allowed to.
  var hasFailures = false
  /// How many children did not settle by themselves.
  package internal(set) var stopped: Int32 = 0
  /// In a chain, the first children of their items.
  var stoppedInChains: Set<Int32> = []
  /// The items of which a child did not settle by itself, and that have not failed.
  package var stoppedItems: Int32 {
    perItem == 1 ? stopped : Int32(stoppedInChains.subtracting(failedItems).count)
  }
  /// Whether more have failed than may, and the others are stopped.
  package internal(set) var isStopping = false
  /// Their attempts that are scheduled and have not ended.
  package internal(set) var openAttempts: Int32 = 0
  /// How many are in the run's queue.
  var queued: Int32 = 0
  /// Those that are ready, and wait until fewer of its attempts are open.
  package internal(set) var held = ReadyQueue()
}

/// Which children of a node run again in another round, besides those that did not succeed.
enum ChildrenAgain: Equatable, Sendable {
  case none
  case named(Set<Int32>)
  case all
}

/// Those, and whether what follows from them in a chain does so too.
struct ChildrenPlan: Equatable, Sendable {
  var again = ChildrenAgain.none
  var takesDependents = true
}

/// The nodes of a run.
struct Nodes: Equatable, Sendable {
  /// In the order in which they were expanded first.
  var expanded: [Expanded] = []
  /// By node, its place there.
  private var places: [Int32: Int] = [:]
  /// Nodes whose items must be read.
  var due = WorkQueue<Int32>()
  /// By node. What has run again, its children must follow, be it in a later round: a node can be skipped, or
  /// its items can have a fault.
  private(set) var again: [Int32: ChildrenAgain] = [:]
  private var takesDependents = true

  /// Where what is known of a node stands; nil before it has been expanded.
  func place(of node: Int32) -> Int? { places[node] }

  /// Another round begins.
  mutating func plan(_ again: [Int32: ChildrenAgain], takesDependents: Bool) {
    self.takesDependents = takesDependents
    self.again = self.again.filter { $0.value == .all }
      .merging(again) { known, new in known == .all ? known : new }
  }

  mutating func takePlan(ofNode node: Int32) -> ChildrenPlan {
    ChildrenPlan(
      again: again.removeValue(forKey: node) ?? .none, takesDependents: takesDependents)
  }

  mutating func begin(_ node: Int32) -> Int {
    if let place = places[node] {
      let added = expanded[place].added
      expanded[place] = Expanded(node: node)
      expanded[place].added = added
      return place
    }
    places[node] = expanded.count
    expanded.append(Expanded(node: node))
    return expanded.count - 1
  }
}
