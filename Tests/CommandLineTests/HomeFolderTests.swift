import FlowJSON
import Glibc
import TestSupport
import Testing

/// Where runs are kept, and homes that cannot be used.
struct HomeFolderTests {
  private let home = Home()

  private func file() -> String { home.workflow(#"{"id": "a", "run": "true"}"#) }

  private func refusal(
    _ environment: [String: String?] = [:], by launcher: [String] = []
  ) async throws -> String {
    let run = try await home.flow("run", file(), environment: environment, by: launcher)
    #expect(run.ending == .exit(6), "\(run.errors)")
    #expect(run.output == "")
    #expect(run.errors.hasPrefix("flow: ") && run.errors.hasSuffix("\n"))
    return run.errors
  }

  @Test(
    arguments: [
      (["FLOW_HOME": "home"], "home"),
      (["FLOW_HOME": "a/b/../c/"], "a/c"),
      (["FLOW_HOME": nil, "XDG_STATE_HOME": "$"], "flow"),
      (["FLOW_HOME": "", "XDG_STATE_HOME": "relative"], ".local/state/flow"),
      (["FLOW_HOME": nil], ".local/state/flow"),
    ] as [([String: String?], String)])
  func itIsWhereTheEnvironmentSays(environment: [String: String?], place: String) async throws {
    unsafe _ = mkdir("\(home.folder.path)/a", 0o700)
    unsafe _ = mkdir("\(home.folder.path)/a/b", 0o700)
    let here = environment.mapValues { $0 == "$" ? home.folder.path : $0 }
    let run = try await home.flow(
      "run", file(), environment: here, in: home.folder.path)
    #expect(run.ending == .exit(0), "\(run.errors)")
    #expect(TestFile.names(in: "\(home.folder.path)/\(place)/runs").count == 1)
    let status = try await home.flow("status", environment: here, in: home.folder.path)
    #expect(status.ending == .exit(0))
  }

  @Test func withoutAnyPlaceForRunsThereAreNone() async throws {
    let errors = try await refusal(["FLOW_HOME": nil, "HOME": nil])
    #expect(errors.contains("neither FLOW_HOME nor HOME names a folder"))
    let relative = try await refusal(["FLOW_HOME": nil, "HOME": "relative"])
    #expect(relative.contains("neither FLOW_HOME nor HOME names a folder"))
  }

  @Test(arguments: [mode_t(0o770), 0o707, 0o777])
  func aHomeThatOthersCanChangeIsRefused(mode: mode_t) async throws {
    unsafe _ = mkdir(home.path, 0o700)
    unsafe _ = chmod(home.path, mode)
    #expect(
      try await refusal().contains("\(home.path) belongs to another user, or other users can"))
    for command in ["status", "list"] {
      #expect(try await home.flow(command).ending == .exit(6))
    }
    #expect(TestFile.names(in: home.path) == [])
  }

  @Test func runsThatOthersCanChangeAreRefused() async throws {
    unsafe _ = mkdir(home.path, 0o700)
    unsafe _ = mkdir("\(home.path)/runs", 0o700)
    unsafe _ = chmod("\(home.path)/runs", 0o777)
    #expect(try await refusal().contains("\(home.path)/runs belongs to another user"))
  }

  @Test(.enabled(if: Privileges.isRoot))
  func aHomeOfAnotherUserIsRefused() async throws {
    unsafe _ = mkdir(home.path, 0o700)
    unsafe _ = chown(home.path, 65_534, 65_534)
    #expect(try await refusal().contains("belongs to another user"))
    #expect(TestFile.names(in: home.path) == [])
  }

  @Test func aFileInItsPlaceIsLeftAlone() async throws {
    home.folder.write("mine", to: "home")
    #expect(try await refusal().contains("\(home.path) is not a folder"))
    #expect(home.folder.contents(of: "home") == "mine")
    #expect(try await refusal(["FLOW_HOME": "\(home.path)/sub"]).contains("(ENOTDIR)"))
  }

  @Test func aPlaceWhereNothingCanBeMadeIsNamed() async throws {
    let errors = try await refusal(["FLOW_HOME": "/proc/flow"])
    #expect(errors.contains("cannot create folder /proc/flow: "))
  }

  @Test(.enabled(if: Privileges.canBecomeNobody))
  func aFolderWithoutPermissionIsNamed() async throws {
    unsafe _ = chmod(home.folder.path, 0o755)
    let errors = try await refusal(by: Privileges.nobody)
    #expect(errors == "flow: cannot create folder \(home.path): permission denied (EACCES)\n")
  }

  @Test func aPathThatIsTooLongIsAnError() async throws {
    let long = String(repeating: "/deep", count: 2_000)
    #expect(try await refusal(["FLOW_HOME": long]).contains("file name too long (ENAMETOOLONG)"))
  }

  @Test func deepFoldersAreNoProblem() async throws {
    let deep = home.path + String(repeating: "/deep-folder", count: 200)
    let run = try await home.flow("run", file(), environment: ["FLOW_HOME": deep])
    #expect(run.ending == .exit(0), "\(run.errors)")
  }

  // MARK: No room

  @Test(.enabled(if: Privileges.isRoot))
  func aFullDiskLeavesNothingBehind() async throws {
    let disk = try #require(SmallDisk(in: home.folder.path, kibibytes: 256))
    defer { disk.remove() }
    TestFile.write([UInt8](repeating: 1, count: 200 << 10), to: "\(disk.path)/filler")
    let file = file()
    let run = try await home.flow("run", file, environment: ["FLOW_HOME": "\(disk.path)/home"])
    #expect(run.ending == .exit(6) && run.output == "")
    #expect(run.errors.contains("no space left on device (ENOSPC)"), "\(run.errors)")
    #expect(TestFile.names(in: "\(disk.path)/home/runs") == [])
  }

  @Test(.enabled(if: Privileges.isRoot))
  func aRunOnAFullDiskWaitsAndGoesOn() async throws {
    let disk = try #require(SmallDisk(in: home.folder.path, kibibytes: 8_192))
    defer { disk.remove() }
    let file = home.workflow(
      #"{"id": "fill", "run": "head -c 10000000 /dev/zero > $FLOW_HOME/filler || true"},"#
        + #" {"id": "again", "run": ["false"], "needs": ["fill"],"#
        // Not so often that the records of its attempts fill the disk again.
        + #" "retry": {"maxAttempts": 1000, "initialDelay": "50ms", "maxDelay": "50ms"}}"#,
      #""jobs": 2"#)
    let place = ["FLOW_HOME": "\(disk.path)/home"]
    unsafe _ = mkdir("\(disk.path)/home", 0o700)
    let run = try home.start(["run", file, "--run-id", "r"], environment: place)
    func status() async throws -> Finished {
      try await home.flow("status", "r", environment: place)
    }
    #expect(
      try await eventually {
        try await status().output.contains("running, waiting for disk space")
      }, "\(run.errors)")
    let json = try JSON(try await home.flow("status", "r", "--json", environment: place).output)
    #expect(json["waitingFor"]?.string == "room")
    let events = try await home.flow("events", "r", environment: place)
    #expect(events.ending == .exit(0), "\(events.errors)")
    let attempts = events.lines.count { $0.contains("attemptScheduled") }

    unsafe _ = unlink("\(disk.path)/home/filler")
    #expect(
      try await eventually {
        try await home.flow("events", "r", environment: place).lines
          .count { $0.contains("attemptScheduled") } > attempts + 1
      }, "\(run.errors)")
    #expect(try await eventually { try await !status().output.contains("waiting for disk") })
    run.signal(SIGINT)
    let ended = try await run.end()
    #expect(ended.ending == .exit(3), "\(ended.errors)")
    #expect(try await status().output.contains("cancelled"))
  }

  @Test func aLimitOnTheSizeOfFilesIsAnErrorOfTheStorage() async throws {
    let errors = try await refusal(by: ["/bin/sh", "-c", #"ulimit -f 8; exec "$@""#, "sh"])
    #expect(errors.contains("file too large (EFBIG)"), "\(errors)")
    #expect(home.runs == [])
  }
}

/// A file system in memory, which can be full.
private struct SmallDisk {
  let path: String

  /// Nil where mounting is not permitted, as in most containers.
  init?(in folder: String, kibibytes: Int) {
    path = "\(folder)/disk"
    guard unsafe mkdir(path, 0o700) == 0,
      unsafe mount("flow-test", path, "tmpfs", 0, "size=\(kibibytes)k") == 0
    else { return nil }
  }

  func remove() {
    unsafe _ = umount2(path, Int32(MNT_DETACH))
  }
}
