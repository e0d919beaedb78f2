import FlowStorage
import Testing

@testable import FlowSimulation

struct PowerLossOutcomesTests {
  /// All images of a disk, by path, as the disk makes them from the answers.
  private func images(
    of disk: SimulatedStorage, apart: Int = .max
  ) throws -> [[String: [UInt8]]] {
    let outcomes = PowerLossOutcomes(disk)
    var tree = ChoiceTree()
    var images: [[String: [UInt8]]] = []
    repeat {
      var answers = outcomes.choose(apart: apart) { tree.choose(below: $0) }[...]
      let copy = disk.copy()
      copy.losePower { _, count in
        let answer = answers.popFirst() ?? -1
        #expect((0..<count).contains(answer))
        return answer
      }
      #expect(answers.isEmpty)
      images.append(try content(of: copy))
    } while tree.advance()
    return images
  }

  private func content(of disk: SimulatedStorage) throws -> [String: [UInt8]] {
    var content: [String: [UInt8]] = [:]
    for name in try disk.entries(of: "/") { content[name] = disk.bytes(at: "/\(name)") }
    return content
  }

  private func disk(_ tier: StorageTier, _ names: String...) throws -> SimulatedStorage {
    let disk = SimulatedStorage(tier)
    for name in names {
      let file = try disk.open("/\(name)", .create)
      try disk.syncDirectory("/")
      _ = try disk.write([7, 7, 7].span, to: file, at: 0)
    }
    return disk
  }

  @Test(arguments: [StorageTier.ordered, .weak])
  func aDiskOnWhichAllIsSyncedHasOneImage(tier: StorageTier) throws {
    let disk = try disk(tier, "a")
    try disk.sync(try disk.open("/a", .update))
    #expect(try images(of: disk) == [["a": [7, 7, 7]]])
  }

  @Test func aWriteIsThereOrNotOrHasLeftRoomOrGarbage() throws {
    let images = try images(of: disk(.ordered, "a"))
    #expect(images == [["a": [7, 7, 7]], ["a": []], ["a": [0, 0, 0]], ["a": [1, 0, 3]]])
  }

  @Test(arguments: [StorageTier.ordered, .weak])
  func noImageIsMadeTwice(tier: StorageTier) throws {
    let disk = try disk(tier, "a", "b")
    let file = try disk.open("/c", .create)
    _ = try disk.write([UInt8](repeating: 1, count: 600).span, to: file, at: 0)
    try disk.reserve(file, upTo: 1_024)
    let images = try images(of: disk)
    let different = Set(images).count
    #expect(different == images.count)
    // Without its name, the content of the third file does not matter.
    #expect(images.count { $0["c"] == nil } == 16)
    #expect(PowerLossOutcomes(disk).ways > images.count)
  }

  /// Whatever any seed leaves of a disk is among the images, but for patterns of garbage.
  @Test(arguments: [StorageTier.ordered, .weak])
  func everythingThatIsDrawnIsAmongThem(tier: StorageTier) throws {
    let disk = try disk(tier, "a")
    let file = try disk.open("/b", .create)
    _ = try disk.write([UInt8](repeating: 1, count: 600).span, to: file, at: 0)
    try disk.rename("/a", to: "/c", replacing: false)
    let images = Set(try images(of: disk))
    var drawn: Set<[String: [UInt8]]> = []
    for seed in 0..<2_000 as Range<UInt64> {
      let choices = SeededChoices(seed: seed)
      let copy = disk.copy()
      copy.losePower { site, count in count == 255 ? 0 : choices.choose(site, below: count) }
      drawn.insert(try content(of: copy))
    }
    let missing = drawn.subtracting(images).count
    #expect(missing == 0)
    #expect(drawn.count > 20)
  }

  @Test func onlySoManyFilesFareOtherwise() throws {
    let disk = try disk(.ordered, "a", "b", "c")
    #expect(try images(of: disk).count == 4 * 4 * 4)
    #expect(try images(of: disk, apart: 3).count == 4 * 4 * 4)
    // All kept, or all lost, and one of three differently, each in three ways.
    #expect(try images(of: disk, apart: 1).count == 2 * (1 + 3 * 3))
    #expect(
      try images(of: disk, apart: 0) == [
        ["a": [7, 7, 7], "b": [7, 7, 7], "c": [7, 7, 7]], ["a": [], "b": [], "c": []],
      ])
  }
}
