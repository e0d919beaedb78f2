import FlowStorage

/// All that a power loss may leave of each file and folder of a disk. What is left of the whole disk
/// is one outcome for each that can still be reached by a name: an image.
///
/// Images that are the same are made once only. Nothing but the image distinguishes what comes after:
/// until the power loss the worlds were one, all processes are dead and nothing is open after it, what
/// no name leads to is never seen again, and nothing there is left to be lost. Of the garbage that
/// may stand where a write would have been there is one pattern: no reader takes any for what was
/// written, since its checksum is wrong.
struct PowerLossOutcomes {
  private struct Outcome {
    /// What the disk asked for, in order.
    let choices: [Int]
    /// Where a folder's names lead, in the order of the names; empty for a file.
    let children: [Int]
    /// Whether nothing is left of what was not synced.
    let isLost: Bool
  }

  /// By node; of each at least one, no two of which leave the same. The first loses nothing.
  private let outcomes: [[Outcome]]
  /// In how many ways the disk can choose, as far as an `Int` can count them.
  let ways: Int

  init(_ disk: SimulatedStorage) {
    var outcomes: [[Outcome]] = []
    var ways = 1
    for node in disk.nodes {
      let (found, count) = Self.outcomes(of: node, on: disk)
      outcomes.append(found)
      let (product, overflow) = ways.multipliedReportingOverflow(by: count)
      ways = overflow ? .max : product
    }
    self.outcomes = outcomes
    self.ways = ways
  }

  /// Decides for an image.
  ///
  /// - Parameters:
  ///   - apart: how many files and folders at most are left otherwise than the others, which lose
  ///     nothing, or all.
  ///   - choose: decides for one of so many.
  /// - Returns: what the disk is to be answered, in order.
  func choose(apart: Int, _ choose: (_ count: Int) -> Int) -> [Int] {
    var picks = [Int](repeating: 0, count: outcomes.count)
    var isDecided = [Bool](repeating: false, count: outcomes.count)
    // How many are left otherwise than if nothing was lost, and than if all was.
    var (notKept, notLost) = (0, 0)
    var reached = [0]
    while let node = reached.popLast() {
      // A file may have two names.
      if isDecided[node] { continue }
      isDecided[node] = true
      let all = outcomes[node]
      if all.count > 1 {
        let allowed = all.indices.filter { pick in
          notKept + (pick > 0 ? 1 : 0) <= apart || notLost + (all[pick].isLost ? 0 : 1) <= apart
        }
        let pick = allowed[choose(allowed.count)]
        if pick > 0 { notKept += 1 }
        if !all[pick].isLost { notLost += 1 }
        picks[node] = pick
      }
      reached += all[picks[node]].children
    }
    return zip(outcomes, picks).flatMap { $0[$1].choices }
  }

  private static func outcomes(
    of node: SimulatedStorage.Node, on disk: SimulatedStorage
  ) -> (outcomes: [Outcome], ways: Int) {
    var tree = ChoiceTree()
    var outcomes: [Outcome] = []
    var contents: Set<[UInt8]> = []
    var names: Set<[String: Int]> = []
    var ways = 0
    repeat {
      var made: [Int] = []
      let choose = { (site: ChoiceSite, count: Int) -> Int in
        let value = isGarbagePattern(site, count) ? 0 : tree.choose(below: count)
        made.append(value)
        return value
      }
      ways += 1
      if !node.isFolder {
        var file = node.file
        let least = file.durable
        _ = file.losePower(disk.tier, choose)
        if contents.insert(file.durable).inserted {
          outcomes.append(Outcome(choices: made, children: [], isLost: file.durable == least))
        }
      } else {
        var folder = node.folder
        let least = folder.leastRemains.names
        _ = folder.losePower(disk.tier, isFolder: disk.isFolder) { choose(.lostNames, $0) }
        if names.insert(folder.names).inserted {
          let sorted = folder.names.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
          outcomes.append(
            Outcome(
              choices: made, children: sorted.map(\.value), isLost: folder.names == least))
        }
      }
    } while tree.advance()
    return (outcomes, ways)
  }

  /// No write of a small workflow has as many sectors as there are patterns.
  private static func isGarbagePattern(_ site: ChoiceSite, _ count: Int) -> Bool {
    site == .tornBytes && count == SimulatedFile.garbagePatterns
  }
}
