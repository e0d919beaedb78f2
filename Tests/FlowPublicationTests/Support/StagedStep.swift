import FlowStorage

@testable import FlowPublication

/// A step with a file and two folders in its stage. There are older ones in place of the file and of one of
/// the folders.
struct StagedStep {
  struct Machine: CustomStringConvertible, Sendable {
    var canExchange = true
    /// Whether the places of the file and of the old folder are on other file systems than the stage.
    var hasMounts = false

    var description: String {
      "\(canExchange ? "exchange" : "no exchange")\(hasMounts ? ", other file systems" : "")"
    }
  }

  static let machines = [
    Machine(), Machine(canExchange: false), Machine(hasMounts: true),
    Machine(canExchange: false, hasMounts: true),
  ]

  static let paths = ["out/a", "out/site/", "new/deep/site/"]
  static let manifest = "/run/attempts/make.1.manifest"
  static let stage = "/work/.flow-stage/make"

  let machine: Machine
  let disk = MemoryDisk()

  init(_ machine: Machine = Machine()) throws {
    self.machine = machine
    try disk.makeFolders("/run/attempts")
    try disk.makeFolders("/work")
    try disk.make(.folder, "/work/out", device: machine.hasMounts ? 2 : nil).mode = 0o755
    try disk.put("old", at: "/work/out/a")
    try disk.put("bystander", at: "/work/out/b")
    try disk.makeFolders("/work/out/site")
    try disk.put("old", at: "/work/out/site/index")
    try disk.put("old", at: "/work/out/site/only old")
    disk.syncAll()

    try disk.makeFolders("\(Self.stage)/out")
    try disk.put("new", at: "\(Self.stage)/out/a", mode: 0o755)
    for site in ["\(Self.stage)/out/site", "\(Self.stage)/new/deep/site"] {
      try disk.makeFolders("\(site)/pages")
      try disk.node(site)?.mode = 0o750
      try disk.put("new", at: "\(site)/index")
      try disk.put("new, too", at: "\(site)/pages/1", mode: 0o600)
      try disk.make(.link, "\(site)/latest").target = "pages/../pages/1"
    }
  }

  func publisher() -> MemoryPublisher {
    let publisher = MemoryPublisher(disk)
    publisher.canExchange = machine.canExchange
    return publisher
  }

  @discardableResult
  func publish(
    by publisher: MemoryPublisher, token: String, _ paths: [String] = Self.paths,
    onlyCompletes: Bool = false, inPlace: Bool = false
  ) throws(PublicationError) -> StorageError? {
    try Publication(
      PublicationPlan(
        manifest: Self.manifest, folder: "/work", stage: inPlace ? nil : Self.stage, paths: paths,
        onlyCompletes: onlyCompletes, token: token), in: publisher
    ).perform()
  }

  // MARK: What is in place

  static let site = [
    "/ 750", "/index: new 644", "/latest-> pages/../pages/1", "/pages/ 755",
    "/pages/1: new, too 600",
  ]
  private static let oldSite = ["/ 755", "/index: old 644", "/only old: old 644"]

  /// What each path has in place: the old, the new, or something else.
  func isNew(_ path: String) throws -> Bool? {
    let found = try disk.contents("/work/\(path)")
    switch path {
    case "out/a": return [[": new 755"]: true, [": old 644"]: false][found]
    case "out/site":
      let isMissing = found.isEmpty && !machine.canExchange
      return isMissing ? false : [Self.site: true, Self.oldSite: false][found]
    default: return [Self.site: true, []: false][found]
    }
  }

  /// What is other than it may be at any moment.
  func violation() -> String? {
    do {
      var isAnyNew = false
      for path in ["out/a", "out/site", "new/deep/site"] {
        guard let isNew = try isNew(path) else {
          return "\(path) is half: \(try disk.contents("/work/\(path)"))"
        }
        isAnyNew = isAnyNew || isNew
      }
      let hasManifest = try disk.node(Self.manifest)?.isSynced == true
      return isAnyNew && !hasManifest
        ? "something is in place before the manifest is durable" : nil
    } catch {
      return "\(error)"
    }
  }

  static let end =
    ["/ 755", "/new/ 755", "/new/deep/ 755"] + site.map { "/new/deep/site\($0)" }
    + ["/out/ 755", "/out/a: new 755", "/out/b: bystander 644"] + site.map { "/out/site\($0)" }
}
