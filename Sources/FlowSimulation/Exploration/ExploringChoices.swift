import FlowCore

/// Goes through everything that can be decided about the deaths of an engine, one world after the
/// other. At each moment at which it may die it lives on, is killed, or dies of a power loss. Each
/// image that this may leave of the disk is one world. After a kill the next engine comes a
/// millisecond later, when commands still run, or a second later, when they have ended.
///
/// Which commands fail is decided, too, up to a number of them, and, where steps have them, conditions and
/// outputs. Everything else is fixed: a command
/// takes 40 ms, an action of a launcher or monitor takes a microsecond, so that there is a moment
/// between any two, and nothing else goes wrong.
package final class ExploringChoices: ChoiceSource {
  package struct Counts: Equatable, Sendable {
    /// The moments at which an engine was made to die, by how many had died before.
    package internal(set) var moments: [Int] = []
    /// Images that power losses left. Where the world before was the same, all of them differ.
    package internal(set) var images = 0
    /// In how many ways the disk could have chosen what to lose, as far as an `Int` can count them.
    package internal(set) var ways = 0

    package init() {}

    package static func += (left: inout Self, right: Self) {
      for (index, count) in right.moments.enumerated() { left.countMoments(count, after: index) }
      left.images += right.images
      left.countWays(right.ways)
    }

    fileprivate mutating func countMoments(_ count: Int, after deaths: Int) {
      while moments.count <= deaths { moments.append(0) }
      moments[deaths] += count
    }

    fileprivate mutating func countWays(_ count: Int) {
      let (sum, overflow) = ways.addingReportingOverflow(count)
      ways = overflow ? .max : sum
    }
  }

  package private(set) var counts = Counts()
  private var tree = ChoiceTree()
  /// By index, what the choices that draw the workflow are.
  private let workflow: [Int]
  private let bounds: Exploration.Bounds
  /// What the power losses of this world can leave, each with the depth of the tree at which its
  /// image is decided.
  private var losses: [(depth: Int, outcomes: PowerLossOutcomes)] = []

  // Of the world that is being made:

  private var drawn = 0
  private var durations = 0
  private var deaths = 0
  private var failures = 0
  private var wasKilled = false
  private var hasAsked = false
  private var nodeChoices = ExploredNode()
  /// The answers that the disk will get.
  private var image: ArraySlice<Int> = []

  /// - Parameter workflow: what `RandomWorkflow` draws it from; after these all choices are zero.
  init(workflow: [Int], _ bounds: Exploration.Bounds) {
    self.workflow = workflow
    self.bounds = bounds
  }

  /// Begins the next world.
  ///
  /// - Returns: false if there is no other.
  func advance() -> Bool {
    beginWorld()
    return tree.advance()
  }

  /// Begins the last world once more. It is not counted again.
  func rewind() {
    beginWorld()
    tree.rewind()
  }

  private func beginWorld() {
    (drawn, durations, deaths, failures, wasKilled, image) = (0, 0, 0, 0, false, [])
    hasAsked = false
    nodeChoices = ExploredNode()
  }

  package func weigh(_ site: ChoiceSite, perMille chances: Int) -> Bool {
    switch site {
    case .workflow: return next() > 0
    case .crash: return dies()
    case .questions:
      defer { hasAsked = true }
      return !hasAsked
    // What a command puts out can be at fault, too.
    case .commandBehaviour, .answers, .outputContent, .fileContent:
      let fails = failures < bounds.failures && tree.choose(below: 2) == 1
      if fails { failures += 1 }
      return fails
    // Which condition a step has. Steps are told all outputs that there are.
    case .outputs: return chances == 500 ? tree.choose(below: 2) == 1 : true
    // Whether the items are what another step puts out.
    case .forEach: return tree.choose(below: 2) == 1
    // Two files for each step.
    case .files: return true
    // The second step of a chain needs the first.
    case .chains: return chances == 700
    case .death:
      let losesPower = tree.choose(below: 2) == 1
      wasKilled = !losesPower
      return losesPower
    default: return false
    }
  }

  package func choose(_ site: ChoiceSite, below count: Int) -> Int {
    switch site {
    case .workflow: return min(next(), count - 1)
    case .lostBytes, .tornBytes, .lostNames:
      guard let value = image.popFirst(), value < count else {
        preconditionFailure("a power loss asks for more at \(site) than it was asked before")
      }
      return value
    case .downTime: return wasKilled ? tree.choose(below: 2) : 0
    case .commandDuration:
      durations += 1
      // First about how long, then how many microseconds more.
      return durations % 2 == 1 ? min(2, count - 1) : 0
    case .processLatency: return count - 1
    // As a command takes; or after which operation it is cut short.
    case .publication: return count == 4 ? 2 : tree.choose(below: count)
    // How many files a command has made that is cut short.
    case .fileContent: return tree.choose(below: count)
    // True or false.
    case .conditions: return count == 2 ? tree.choose(below: 2) : 0
    case .forEach: return nodeChoices.next(below: count, bounds) { tree.choose(below: $0) }
    // One item, two, or none.
    case .itemLists: return tree.choose(below: 3)
    // A list with the text that conditions look for, or without it.
    case .outputContent: return count == 3 ? tree.choose(below: 2) : 0
    default: return 0
    }
  }

  package func losesPower(_ disk: SimulatedStorage) {
    let depth = tree.depth
    if tree.isNew {
      // Those of earlier worlds, which went on otherwise from here or from before.
      losses.removeAll { $0.depth >= depth }
      losses.append((depth, PowerLossOutcomes(disk)))
      counts.countWays(losses[losses.count - 1].outcomes.ways)
    }
    guard let loss = losses.first(where: { $0.depth == depth }) else {
      preconditionFailure("no power was lost here before")
    }
    image = loss.outcomes.choose(apart: bounds.apart) { tree.choose(below: $0) }[...]
    if tree.isNew { counts.images += 1 }
  }

  private func dies() -> Bool {
    if tree.isNew { counts.countMoments(1, after: deaths) }
    guard tree.choose(below: 2) == 1 else { return false }
    deaths += 1
    return true
  }

  private func next() -> Int {
    defer { drawn += 1 }
    return drawn < workflow.count ? workflow[drawn] : 0
  }
}

/// What is decided of the step that runs for each item (`RandomForEach`), in the order in which it is drawn.
private struct ExploredNode {
  private enum Choice: CaseIterable { case step, items, most, jobs, tolerance, whenEmpty }

  private var drawn = 0
  private var isEmpty = false

  /// One item, two, or none, as a list of the workflow.
  private static let items = [0, 1, 3]

  mutating func next(
    below count: Int, _ bounds: Exploration.Bounds, choose: (Int) -> Int
  ) -> Int {
    defer { drawn += 1 }
    precondition(drawn < Choice.allCases.count, "more is drawn of a node than it was")
    switch Choice.allCases[drawn] {
    case .step: return choose(count)
    case .items:
      let place = choose(Self.items.count)
      isEmpty = Self.items[place] == 3
      return Self.items[place]
    // Limits that are not reached, and no tolerance or that of one item.
    case .most, .jobs: return 0
    case .tolerance: return bounds.failures > 0 && choose(2) == 1 ? 3 : 0
    case .whenEmpty: return isEmpty ? choose(count) : 0
    }
  }
}
