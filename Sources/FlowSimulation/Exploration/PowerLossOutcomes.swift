import FlowStorage

/// Everything that a power loss may leave of each file and folder of a disk. An image of the whole
/// disk has one outcome for each of them that can still be reached by a name.
///
/// Equal images are made only once, since nothing but the image distinguishes what comes after:
/// until the power loss the worlds were one, and after it all processes are dead, nothing is open,
/// what no name leads to is never seen again, and nothing is left to be lost. Where garbage may
/// stand in place of a write, one pattern of it is enough: its checksum is wrong, so no reader
/// accepts any.
struct PowerLossOutcomes {
  private struct Outcome {
    /// The answers to what the disk asked, in order.
    let choices: [Int]
    /// Where a folder's names lead, in the order of the names; empty for a file.
    let children: [Int]
    /// Whether nothing is left of what was not synced.
    let isLost: Bool
  }

  /// By node: at least one each, no two of which leave the same. The first one loses nothing.
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
  ///   - apart: how many files and folders at most fare differently from the others, which lose nothing, or
  ///     everything.
  ///   - choose: picks one of that many.
  /// - Returns: the answers to what the disk will ask, in order.
  func choose(apart: Int, _ choose: (_ count: Int) -> Int) -> [Int] {
    var picks = [Int](repeating: 0, count: outcomes.count)
    var isDecided = [Bool](repeating: false, count: outcomes.count)
    // How many fare differently than if nothing was lost, and than if everything was.
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

  /// No write of a small workflow has as many sectors as there are patterns of garbage.
  private static func isGarbagePattern(_ site: ChoiceSite, _ count: Int) -> Bool {
    site == .tornBytes && count == SimulatedFile.garbagePatterns
  }
}
