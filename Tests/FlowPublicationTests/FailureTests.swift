import FlowStorage
import Testing

@testable import FlowPublication

/// What the system refuses is said, and the publication can be done again.
struct FailureTests {
  @Test(arguments: StagedStep.machines, [Errno.inputOutput, .noSpace])
  func everyErrorIsSaidAndTheNextCompletesIt(machine: StagedStep.Machine, errno: Errno) throws {
    var operation = 0
    var isThrough = false
    while !isThrough {
      let step = try StagedStep(machine)
      let publisher = step.publisher()
      var failed: (name: String, path: String)?
      publisher.before = { (number, name, path) throws(Errno) in
        guard number == operation else { return }
        failed = (name, path)
        throw errno
      }
      do throws(PublicationError) {
        let remains = try step.publish(by: publisher, token: "A")
        // Nothing but what is not needed any more.
        #expect(failed == nil || remains != nil || failed?.name == "removeFolder")
      } catch {
        let operation = try #require(failed)
        #expect(error.exit == .failed)
        #expect(error.messages.count == 1 && error.messages[0].contains("\(errno)"))
        #expect(
          error.waitsForSpace
            == (errno == .noSpace
              && (operation.name != "syncFile" || !operation.path.hasPrefix(StagedStep.stage))))
        // A request to stop is heeded as long as there is no manifest.
        let hasManifest = try step.disk.node(StagedStep.manifest) != nil
        #expect(publisher.mayBeStopped != hasManifest)
        #expect(try step.disk.node("/work/out/site") != nil, "the old was not put back")
      }
      isThrough = failed == nil
      try step.publish(by: step.publisher(), token: "B")
      #expect(try step.disk.contents("/work/out") == endOfOut)
      operation += 1
    }
  }

  private var endOfOut: [String] {
    StagedStep.end.filter { $0.hasPrefix("/out/") }.map { String($0.dropFirst(4)) }
  }

  @Test func aStopIsNotHeededFromTheManifestOn() throws {
    let step = try StagedStep()
    let publisher = step.publisher()
    var hasBegun = false
    publisher.before = { (_, name, _) throws(Errno) in
      hasBegun = hasBegun || name == "makeFile"
      #expect(publisher.mayBeStopped != hasBegun)
    }
    try step.publish(by: publisher, token: "A")
    #expect(hasBegun)
    let second = step.publisher()
    try step.publish(by: second, token: "B")
    #expect(!second.mayBeStopped)
  }

  @Test func aManifestThatCannotBeReadStopsIt() throws {
    for (version, exit) in [(UInt8(1), "damaged"), (2, "written by a newer flow")] {
      let step = try StagedStep()
      var bytes = Manifest(of: [], in: "/").encoded()
      bytes[8] = version
      if version == 1 { bytes[0] = 0 }
      let sum = Checksum.of(bytes.dropLast(8))
      bytes.replaceSubrange(
        (bytes.count - 8)..., with: (0..<8).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) })
      step.disk.write(bytes, to: try step.disk.make(.file, StagedStep.manifest))
      let before = try step.disk.contents("/work")
      do throws(PublicationError) {
        try step.publish(by: step.publisher(), token: "A")
        Issue.record("published")
      } catch {
        #expect(error.exit == .failed)
        #expect(error.messages.count == 1 && error.messages[0].contains(exit))
      }
      #expect(try step.disk.contents("/work") == before)
    }
  }

  // MARK: Completing

  @Test func withoutAManifestThereIsNothingToComplete() throws {
    let step = try StagedStep()
    let before = try step.disk.contents("/work")
    #expect(throws: PublicationError.notBegun) {
      try step.publish(by: step.publisher(), token: "A", onlyCompletes: true)
    }
    #expect(try step.disk.contents("/run").count == 2)
    #expect(PublicationError.notBegun.exit == .notBegun)
    #expect(try step.disk.contents("/work") == before)
  }

  @Test func whatWasPublishedCanBePublishedAgain() throws {
    let step = try StagedStep()
    try step.publish(by: step.publisher(), token: "A")
    try step.publish(by: step.publisher(), token: "B", onlyCompletes: true)
    #expect(try step.disk.contents("/work") == StagedStep.end)
  }

  @Test func whatIsGoneIsNamed() throws {
    let step = try StagedStep()
    try step.publish(by: step.publisher(), token: "A")
    // As long as what was published.
    try step.disk.put("own", at: "/work/out/a")
    try step.disk.put("more", at: "/work/out/site/more")
    do throws(PublicationError) {
      try step.publish(by: step.publisher(), token: "B")
      Issue.record("published")
    } catch {
      #expect(error.exit == .gone)
      #expect(
        error.messages == [
          "out/a is gone: neither staged nor in place",
          "out/site is gone: neither staged nor in place",
        ])
    }
  }

  @Test func theOldContentCanBeTheNewOne() throws {
    let step = try StagedStep()
    try step.publish(by: step.publisher(), token: "A")
    // The same again, of another attempt.
    let next = try StagedStep()
    for path in ["out/a", "out/site", "new"] {
      try step.disk.makeFolders("\(StagedStep.stage)/out")
      let staged = try #require(try next.disk.node("\(StagedStep.stage)/\(path)"))
      let slot = try step.disk.slot("\(StagedStep.stage)/\(path)")
      slot.folder.children[slot.name] = staged
    }
    try step.disk.remove(StagedStep.manifest) { _ in }
    try step.publish(by: step.publisher(), token: "B")
    #expect(try step.disk.contents("/work") == StagedStep.end)
  }

  // MARK: In place

  @Test func inPlaceNothingIsMoved() throws {
    let step = try StagedStep()
    let before = try step.disk.contents("/work")
    let paths = ["out/a", "out/site/"]
    try step.publish(by: step.publisher(), token: "A", paths, inPlace: true)
    #expect(try step.disk.contents("/work") == before)
    #expect(try step.disk.node("/work/out/site/index")?.isSynced == true)
    try step.publish(by: step.publisher(), token: "B", paths, onlyCompletes: true, inPlace: true)
    try step.disk.put("other", at: "/work/out/a")
    #expect(throws: PublicationError.gone(["out/a"])) {
      try step.publish(by: step.publisher(), token: "C", paths, onlyCompletes: true, inPlace: true)
    }
  }
}
