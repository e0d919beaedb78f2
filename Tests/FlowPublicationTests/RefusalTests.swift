import FlowStorage
import Testing

@testable import FlowPublication

/// What a step has not made as it declares is refused, each thing with a line, before anything is touched.
struct RefusalTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let paths: [String]
    let lines: [String]
    let inPlace: Bool
    let change: @Sendable (MemoryDisk, _ stage: String) throws -> Void

    init(
      _ paths: [String], _ lines: [String], inPlace: Bool = false,
      _ change: @escaping @Sendable (MemoryDisk, String) throws -> Void = { _, _ in }
    ) {
      self.paths = paths
      self.lines = lines
      self.inPlace = inPlace
      self.change = change
    }

    var testDescription: String { lines.joined(separator: ", ") }
  }

  static let cases = [
    Case(
      ["out/a", "b", "c/d"],
      [
        "b was not made in $FLOW_STAGE: the step declares it in `files`",
        "c/d was not made in $FLOW_STAGE: the step declares it in `files`",
      ]),
    Case(["b"], ["b was not made: the step declares it in `files`"], inPlace: true),
    Case(
      ["out/site"],
      ["out/site is a folder: the step declares a file (out/site/ is a folder)"]),
    Case(["out/a/"], ["out/a/ is a file: the step declares a folder"]),
    Case(["out/l"], ["out/l is a symbolic link: a declared file must be a file itself"]) {
      try $0.make(.link, "\($1)/out/l").target = "a"
    },
    Case(["out/p"], ["out/p is a named pipe: the step declares a file"]) {
      try $0.make(.pipe, "\($1)/out/p")
    },
    Case(["out/l/"], ["out/l/ is a symbolic link: the step declares a folder"]) {
      try $0.make(.link, "\($1)/out/l").target = "site"
    },
    Case(
      ["out/site/"],
      [
        "out/site/device is a device: a published folder holds only files, folders and links",
        "out/site/pages/socket is a socket: a published folder holds only files, folders and links",
        "out/site/way out links to pages/../../a, which is outside of out/site/: a published folder"
          + " is moved as a whole, so its links must stay in it",
      ]
    ) {
      try $0.make(.device, "\($1)/out/site/device")
      try $0.make(.socket, "\($1)/out/site/pages/socket")
      try $0.make(.link, "\($1)/out/site/way out").target = "pages/../../a"
    },
    Case(
      ["l/a"],
      ["l/a cannot be published: l is not a folder in $FLOW_STAGE"]
    ) {
      try $0.make(.link, "\($1)/l").target = "out"
    },
    Case(
      ["tmp/x/a"],
      ["tmp/x/a cannot be published: tmp links to a place outside of the step's folder"]
    ) { disk, _ in
      try disk.make(.link, "/work/tmp").target = "../run"
    },
    Case(["dead/a"], ["dead/a cannot be published: dead is not a folder"]) { disk, _ in
      try disk.make(.link, "/work/dead").target = "nowhere"
    },
    Case(["out/b/a"], ["out/b/a cannot be published: out/b is not a folder"]),
    Case(["out/a"], ["out/a cannot be published: a folder is in its place"]) { disk, _ in
      try disk.remove("/work/out/a") { _ in }
      try disk.make(.folder, "/work/out/a")
    },
    Case(
      ["out/site/"],
      [
        "out/site/ cannot be published: a named pipe is in its place, and the step declares a folder"
      ]
    ) { disk, _ in
      try disk.remove("/work/out/site") { _ in }
      try disk.make(.pipe, "/work/out/site")
    },
    Case(
      ["../a", "/a", "out//a", "./a", "", ".flow-stage/make/out/a"],
      ["../a", "/a", "out//a", "./a", "", ".flow-stage/make/out/a"].map {
        "\($0) cannot be published: it is not a path within the step's folder"
      }),
    Case(
      ["out/site/", "out/site/index", "out/a", "out/a"],
      [
        "out/site/index is declared twice: it is in out/site/, too",
        "out/a is declared twice: it is in out/a, too",
      ]),
  ]

  @Test(arguments: cases)
  func eachHasALine(refused: Case) throws {
    let step = try StagedStep()
    try refused.change(step.disk, StagedStep.stage)
    let before = try step.disk.contents("/work")
    do throws(PublicationError) {
      try step.publish(by: step.publisher(), token: "A", refused.paths, inPlace: refused.inPlace)
      Issue.record("published")
    } catch {
      #expect(error.exit == .refused)
      #expect(error.messages == refused.lines)
    }
    #expect(try step.disk.contents("/work") == before)
    #expect(try step.disk.node(StagedStep.manifest) == nil)
  }

  @Test func linksWithinTheStepsFolderAreFollowedToAPlace() throws {
    let step = try StagedStep()
    try step.disk.make(.link, "/work/current").target = "out"
    try step.disk.makeFolders("\(StagedStep.stage)/current")
    try step.disk.put("new", at: "\(StagedStep.stage)/current/a")
    try step.publish(by: step.publisher(), token: "A", ["current/a"])
    #expect(try step.disk.contents("/work/out/a") == [": new 644"])
    #expect(try step.disk.node("/work/current")?.kind == .link)
  }

  @Test func aLinkInPlaceIsReplacedAndNotWhatItNames() throws {
    let step = try StagedStep()
    for name in ["a", "site"] {
      try step.disk.rename("/work/out/\(name)", to: "/work/old \(name)", replacing: false)
      try step.disk.make(.link, "/work/out/\(name)").target = "../old \(name)"
    }
    try step.publish(by: step.publisher(), token: "A", ["out/a", "out/site/"])
    #expect(try step.isNew("out/a") == true)
    #expect(try step.isNew("out/site") == true)
    #expect(try step.disk.contents("/work/old a") == [": old 644"])
    #expect(try step.disk.contents("/work/old site").count == 3)
  }

  @Test(arguments: ["digest", "syncFile", "syncFolder"])
  func whatIsStillWrittenIsRefused(operation: String) throws {
    let step = try StagedStep()
    let publisher = step.publisher()
    publisher.before = { (_, name, path) throws(Errno) in
      guard name == operation, path.hasPrefix("\(StagedStep.stage)/out/site") else { return }
      let node = try step.disk.slot(path).node
      if name == "syncFolder" {
        _ = try? step.disk.make(.file, "\(path)/late")
      } else if let node {
        step.disk.write(Array("late".utf8), to: node)
      }
    }
    do throws(PublicationError) {
      try step.publish(by: publisher, token: "A")
      Issue.record("published")
    } catch {
      #expect(error.exit == .refused)
      #expect(
        error.messages.allSatisfy {
          $0.hasPrefix("out/site") && $0.contains(" changed while it was read: a process")
        })
    }
    #expect(try step.disk.contents("/work/out/a") == [": old 644"])
    #expect(try step.disk.node(StagedStep.manifest) == nil)
  }

  @Test(arguments: [
    ("site/l", "x", false), ("site/l", ".", false), ("site/l", "..", true),
    ("site/d/l", "../x", false), ("site/d/l", "../..", true), ("site/l", "/site/x", true),
    // Through other links: `up` in `d` leads to the folder itself, `deep` to `d/e`.
    ("site/l", "d/up/x", false), ("site/l", "d/up/../x", true), ("site/l", "deep/../../x", false),
    ("site/l", "deep/../../../x", true), ("site/l", "round/x", false),
    ("site/l", "nowhere/..", false),
    ("site/l", "absolute/x", true),
  ])
  func linksAreFollowedThroughOthers(link: String, target: String, leadsOut: Bool) {
    let links = Manifest(
      of: [
        ("site/d/up", ".."), ("site/deep", "d/e"), ("site/round", "round"), ("site/absolute", "/"),
      ].map { Manifest.Entry(path: $0, content: .link(target: $1), mode: 0) }, in: "")
    #expect(links.leadsOut(link: link, to: target, of: "site") == leadsOut)
  }
}
