import FlowCore
import FlowRuntime
import FlowStorage
import FlowSystem
import Glibc
import TestSupport
import Testing

/// Each system call of launchers and monitors fails in the ways that make a difference, and what was to
/// be launched ends as it must. The calls come from Tests/FaultyLauncher; `calls` lists all of them.
struct LauncherFaultTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let faults: [Fault]
    let outcome: Outcome

    init(_ faults: Fault..., is outcome: Outcome) {
      self.faults = faults
      self.outcome = outcome
    }

    var text: String { faults.map(\.text).joined(separator: ";") }
    var testDescription: String { "\(text): \(outcome)" }
  }

  enum Outcome: Equatable, Sendable {
    /// As if nothing had failed.
    case succeeds
    case fails(LaunchFailure.Operation, Int32)
    /// It can be launched again.
    case lacks(Shortage)
    /// Nothing was started, and no record stays.
    case refused(Int32)
    case notForked(Int32)
    case launcherGone
  }

  // MARK: The launcher

  private static let launcher: [Case] = [
    Case(Fault("chdir", EACCES), is: .launcherGone),
    Case(Fault("clone", EAGAIN), is: .notForked(EAGAIN)),
    Case(Fault("clone", EPERM), is: .notForked(EPERM)),
    Case(Fault("mmap", ENOMEM, after: 1), Fault("fork", EAGAIN), is: .notForked(EAGAIN)),
    // Without a stack of its own, a monitor is a copy of the launcher.
    Case(Fault("mmap", ENOMEM, after: 1), is: .succeeds),
    Case(Fault("mprotect", ENOMEM), is: .succeeds),
    // Without memory for requests.
    Case(Fault("mmap", ENOMEM), is: .launcherGone),
    Case(Fault("recv", EINTR, times: 3), is: .succeeds),
    Case(Fault("recv", ECONNRESET), is: .launcherGone),
    Case(Fault("ppoll", EINTR, times: 2), is: .succeeds),
  ]

  // MARK: Before the command

  private static let record: [Case] = [
    Case(Fault("openat@.rec", ENOSPC), is: .lacks(.space)),
    Case(Fault("openat@.rec", EDQUOT), is: .lacks(.space)),
    Case(Fault("openat@.rec", EMFILE), is: .lacks(.processes)),
    Case(Fault("openat@.rec", EACCES), is: .refused(EACCES)),
    Case(Fault("fcntl", ENOLCK), is: .refused(ENOLCK)),
    Case(Fault("fallocate", EOPNOTSUPP), is: .succeeds),
    Case(Fault("fallocate", ENOSYS), is: .succeeds),
    Case(Fault("fallocate", EINVAL), is: .succeeds),
    Case(Fault("fallocate", EOPNOTSUPP), Fault("pwrite64", ENOSPC), is: .lacks(.space)),
    Case(Fault("fallocate", ENOSPC), is: .lacks(.space)),
    Case(Fault("fallocate", EIO), is: .refused(EIO)),
    Case(Fault("openat@.out", ENOSPC), is: .lacks(.space)),
    Case(Fault("openat@.out", ENFILE), is: .lacks(.processes)),
    Case(Fault("openat@.out", EACCES), is: .fails(.createOutput, EACCES)),
    Case(Fault("pwrite64", ENOSPC), is: .lacks(.space)),
    Case(Fault("pwrite64", EIO), is: .refused(EIO)),
    // What cannot be removed would block each later launch.
    Case(Fault("pwrite64", ENOSPC), Fault("unlinkat@.out", EIO), is: .refused(EIO)),
    Case(Fault("pwrite64", ENOSPC), Fault("unlinkat@.rec", EIO), is: .refused(EIO)),
    Case(Fault("openat@.out", ENOSPC), Fault("unlinkat@.rec", EROFS), is: .refused(EROFS)),
  ]

  private static let command: [Case] = [
    Case(Fault("mmap", ENOMEM, after: 2), is: .lacks(.processes)),
    Case(Fault("clone", EAGAIN, after: 1), is: .lacks(.processes)),
    Case(Fault("clone", ENOMEM, after: 1), is: .lacks(.processes)),
    Case(Fault("clone", EPERM, after: 1), is: .fails(.fork, EPERM)),
    Case(Fault("chdir", EACCES, after: 1), is: .fails(.changeDirectory, EACCES)),
    Case(Fault("chdir", ENOENT, after: 1), is: .fails(.changeDirectory, ENOENT)),
    Case(Fault("execve", EAGAIN), is: .lacks(.processes)),
    Case(Fault("execve", ENFILE), is: .lacks(.processes)),
    Case(Fault("execve", ENOMEM), is: .fails(.execute, ENOMEM)),
    Case(Fault("execve", E2BIG), is: .fails(.execute, E2BIG)),
    Case(Fault("execve", ENOENT), is: .fails(.execute, ELIBACC)),
    Case(
      Fault("execve", ENOENT), Fault("faccessat", ENOENT, after: 1), is: .fails(.execute, ENOENT)),
    Case(Fault("faccessat", EACCES, times: 99), is: .fails(.execute, EACCES)),
    Case(Fault("newfstatat", ENOENT, times: 99), is: .fails(.execute, ENOENT)),
    Case(Fault("execve", EACCES), Fault("wait4", EINTR, times: 2), is: .fails(.execute, EACCES)),
    Case(Fault("close_range", ENOSYS), is: .succeeds),
    Case(Fault("close_range", EPERM), is: .succeeds),
  ]

  // MARK: After it

  private static let watching: [Case] = [
    Case(Fault("waitid", EINTR, times: 3), is: .succeeds),
    Case(Fault("rt_sigtimedwait", EINTR, times: 3), is: .succeeds),
    // The command's part of the record helps nobody who has its end.
    Case(Fault("pwrite64", EIO, after: 1), is: .succeeds),
    Case(Fault("pwrite64", EINTR, after: 2), is: .succeeds),
    Case(Fault("pwrite64", ENOSPC, after: 2), is: .succeeds),
    // A living engine gets the report all the same.
    Case(Fault("pwrite64", EIO, after: 2), is: .succeeds),
    Case(Fault("write", EINTR, times: 3), is: .succeeds),
    Case(Fault("write", EAGAIN, times: 3), is: .succeeds),
    Case(Fault("write", EAGAIN, times: 9), Fault("ppoll", EINTR, after: 1), is: .succeeds),
    // Without lists of children, all processes are asked for their parent.
    Case(Fault("openat@/children", ENOENT, times: 99), is: .succeeds),
  ]

  @Test(arguments: launcher + record + command + watching)
  func anAttemptEndsAsItMust(_ row: Case) async throws {
    let attempts = try Attempts(faults: row.text)
    var request = attempts.request(1, .program(["true"]))
    // More than fits the monitor's stack.
    if row.faults[0].call == "mmap", row.faults[0].after == 2 {
      request.environment += (0..<900).map { EnvironmentVariable(name: "V\($0)", value: "") }
    }
    attempts.processes.send(request)
    let outcome = try await attempts.message { Self.outcome($0) }
    #expect(outcome == row.outcome)
    switch row.outcome {
    case .succeeds, .fails: #expect(attempts.record(1).start?.intent == 41)
    case .lacks, .notForked:
      #expect(!attempts.folder.has("1.rec") && !attempts.folder.has("1.out"))
      attempts.processes.send(request)
      #expect(try await attempts.end(of: 1)?.result == .exited(code: 0))
    case .refused: break
    case .launcherGone:
      #expect(!attempts.folder.has("1.rec"))
      return
    }
    // The next attempt knows nothing of it.
    attempts.processes.send(attempts.request(2, .shell("exit 3")))
    #expect(try await attempts.end(of: 2)?.result == .exited(code: 3))
    attempts.processes.finish()
    #expect(try await eventually { !isAlive(attempts.launcher) })
  }

  private static func outcome(_ message: ProcessMessage) -> Outcome? {
    switch message {
    case .ended(_, let end):
      switch end.result {
      case .exited(code: 0): .succeeds
      case .launchFailed(let failure): .fails(failure.operation, failure.errno)
      default: nil
      }
    case .lacks(_, let shortage): .lacks(shortage)
    case .refused(_, let failure): .refused(failure.errno)
    case .notForked(_, let failure): .notForked(failure.errno)
    case .launcherGone: .launcherGone
    default: nil
    }
  }

  /// The engine that it would tell is gone: the record has the end.
  @Test func anEndThatNobodyHearsIsRecorded() async throws {
    let attempts = try Attempts(faults: Fault("write", EPIPE, times: 9).text)
    attempts.processes.send(attempts.request(1, .shell("exit 5")))
    attempts.processes.flush()
    #expect(
      try await eventually { attempts.record(1).end?.result == .exited(code: 5) })
  }

  /// A request that is larger than what was kept for it, without memory for it.
  @Test func aLauncherWithoutMemoryForARequestEnds() async throws {
    let attempts = try Attempts(faults: Fault("mremap", ENOMEM).text)
    attempts.processes.send(attempts.request(1, .program(["true"])))
    #expect(try await attempts.end(of: 1)?.result == .exited(code: 0))
    let word = String(repeating: "x", count: 120_000)
    attempts.processes.send(attempts.request(2, .program(["test", word])))
    #expect(try await attempts.message { $0 == .launcherGone ? 0 : nil } == 0)
    #expect(!attempts.folder.has("2.rec"))
  }

  @Test func aCommandInheritsNothingWhereRangesCannotBeClosed() async throws {
    let attempts = try Attempts(faults: Fault("close_range", ENOSYS).text)
    attempts.processes.send(attempts.request(1, .program(["ls", "/proc/self/fd"])))
    #expect(try await attempts.end(of: 1)?.result == .exited(code: 0))
    // The last is that of the folder.
    #expect(attempts.folder.contents(of: "1.out") == "0\n1\n2\n3\n")
  }

  /// Its SIGTERM reached nobody: after the grace comes SIGKILL.
  @Test func aTerminationThatReachesNobodyIsFollowedByAKill() async throws {
    let attempts = try Attempts(faults: Fault("kill", ESRCH, times: 2).text)
    attempts.processes.send(
      attempts.request(1, .program(["sleep", "600"]), timeout: 50, grace: 50))
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.result == .signalled(signal: 9) && end.cause == .deadline)
  }

  @Test func stragglersAreFoundWithoutListsOfChildren() async throws {
    let attempts = try Attempts(faults: Fault("openat@/children", ENOENT, times: 99).text)
    attempts.processes.send(attempts.request(1, .shell("setsid sleep 600 & echo $!"), grace: 0))
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.result == .exited(code: 0) && end.stragglers == 1)
    let straggler = try #require(Int32(attempts.folder.contents(of: "1.out").dropLast()))
    #expect(!isAlive(straggler))
  }

  /// Neither its size nor its middle can be had: it is whole.
  @Test(arguments: [
    Fault("fstat", EIO, times: 99), Fault("fallocate", EOPNOTSUPP, after: 1, times: 99),
  ])
  func anOutputThatCannotBeCutIsWhole(fault: Fault) async throws {
    let attempts = try Attempts(faults: fault.text)
    let script = "head -c 300000 /dev/zero | tr '\\0' x"
    attempts.processes.send(attempts.request(1, .shell(script), maxOutput: 40_000))
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.result == .exited(code: 0) && end.output.discardedBytes == 0)
    #expect(!TestFile.bytes("\(attempts.folder.path)/1.out").contains(0))
  }

  // MARK: Secrets

  /// - Parameter fault: of a call that reads, overwrites or syncs an output with a secret.
  @Test(arguments: [
    (Fault("pread64", EINTR, times: 2), true),
    (Fault("lseek", EINVAL, times: 9), true),
    (Fault("pwrite64", EINTR, after: 3, times: 2), true),
    (Fault("pwrite64", ENOSPC, after: 3), true),
    (Fault("fdatasync", EINTR, times: 2), true),
    (Fault("pread64", EIO, times: 9), false),
    (Fault("pwrite64", EIO, after: 3), false),
    (Fault("fdatasync", EIO, after: 1), false),
    (Fault("mmap", ENOMEM, after: 2), false),
    (Fault("mmap", ENOMEM, after: 3), false),
    // What is to be overwritten could not be made durable first.
    (Fault("openat@.mask", ENOSPC, after: 1), true),
    (Fault("openat@.mask", EACCES, after: 1), true),
    (Fault("openat@.mask", EACCES), false),
    (Fault("pwrite64", EINTR, after: 2, times: 2), true),
    (Fault("pwrite64", ENOSPC, after: 2), true),
    (Fault("fdatasync", EIO), true),
    (Fault("fsync", EINTR, times: 2), true),
    (Fault("fsync", EIO), true),
    (Fault("unlinkat@.mask", EACCES), true),
  ])
  func anOutputIsMaskedOrSaidNotToBe(fault: Fault, isMasked: Bool) async throws {
    let attempts = try Attempts(faults: fault.text)
    var request = attempts.request(1, .shell("echo my hunter2-hunter2"))
    request.secrets.values = [secret(.variable)]
    attempts.processes.send(request)
    let end = try #require(try await attempts.end(of: 1))
    #expect(end.result == .exited(code: 0) && end.output.isUnscrubbed == !isMasked)
    #expect(attempts.record(1).end?.output.isUnscrubbed == !isMasked)
    let output = attempts.folder.contents(of: "1.out")
    #expect(!isMasked || output == "my ***************\n")
  }

  @Test(arguments: [
    Fault("mkdirat", EACCES), Fault("write", ENOSPC), Fault("openat@/token", EROFS),
    Fault("write", EINTR, times: 2), Fault("unlinkat@/token", ENOENT),
  ])
  func aSecretThatCannotBeHandedOverIsAFailedLaunch(fault: Fault) async throws {
    let attempts = try Attempts(faults: fault.text)
    var request = attempts.request(1, .shell("cat secrets/token; echo"))
    request.secrets.values = [secret(.file)]
    request.secrets.folder = "\(attempts.folder.path)/secrets"
    request.secrets.fileNames = ["token"]
    attempts.processes.send(request)
    let result = try await attempts.end(of: 1)?.result
    let failure = LaunchFailure(operation: .makeSecret, errno: fault.error)
    let isHarmless = [EINTR, ENOENT].contains(fault.error)
    #expect(result == (isHarmless ? .exited(code: 0) : .launchFailed(failure)))
    #expect(!attempts.folder.has("secrets"))
  }

  private func secret(_ form: SecretForm) -> LaunchSecrets.Value {
    LaunchSecrets.Value(name: "token", form: form, bytes: Array("hunter2-hunter2".utf8))
  }

  // MARK: All of them

  private enum Failure: Equatable {
    /// A test above lets it fail.
    case forced
    /// Or that changes nothing; with the reason.
    case none(String)
  }

  private static let calls: [String: Failure] = [
    "chdir": .forced, "clone": .forced, "close_range": .forced, "execve": .forced,
    "faccessat": .forced, "fallocate": .forced, "fcntl": .forced, "fdatasync": .forced,
    "fork": .forced, "fstat": .forced, "fsync": .forced, "kill": .forced, "lseek": .forced,
    "mkdirat": .forced,
    "mmap": .forced, "mprotect": .forced, "mremap": .forced, "newfstatat": .forced,
    "openat": .forced, "ppoll": .forced, "pread64": .forced, "pwrite64": .forced, "recv": .forced,
    "rt_sigtimedwait": .forced, "unlinkat": .forced, "wait4": .forced, "waitid": .forced,
    "write": .forced,
    "clock_gettime": .none("a clock of every kernel"),
    "close": .none("the descriptor is gone whatever it says"),
    "dup3": .none("of a file that is open, to a number that is in use"),
    "getdents64": .none("/proc is read as far as it goes, as with fewer processes"),
    "geteuid": .none("it does not fail"),
    "getpid": .none("it does not fail"),
    "getrusage": .none("it fails for a wrong address"),
    "getsockopt": .none("it tells a launcher from other programs"),
    "munmap": .none("memory is kept until the exit"),
    "nanosleep": .none("a wait that is cut short is repeated"),
    "prctl": .none("a name, and an option of every kernel"),
    "read": .none("of /proc: a process that is gone; of a mask plan: only an engine finds one"),
    "rt_sigaction": .none("it fails for a wrong number"),
    "rt_sigprocmask": .none("it fails for a wrong number"),
    "setsid": .none("it fails for the leader of a group, which a new process is not"),
    "sigaction": .none("it fails for a wrong number"),
    "sigprocmask": .none("it fails for a wrong number"),
    "waitpid": .none("it returns at once, and is asked again with each end of a child"),
  ]

  /// The functions of the C library that are system calls.
  private static let functions = [
    "_Fork", "chdir", "clock_gettime", "close", "getsockopt", "kill", "mmap", "mprotect", "mremap",
    "munmap", "nanosleep", "ppoll", "prctl", "recv", "sigaction", "sigprocmask", "waitpid",
  ]

  @Test func everySystemCallIsListed() throws {
    var used: Set<String> = []
    for path in Repository.files(under: "Sources/CLauncher") where !path.hasSuffix(".modulemap") {
      for line in Repository.lines(of: path) where !line.hasPrefix("//") {
        for word in Self.words(of: line) {
          if word.hasPrefix("SYS_") { used.insert(String(word.dropFirst(4))) }
          if Self.functions.contains(word), line.contains("\(word)(") {
            used.insert(word == "_Fork" ? "fork" : word)
          }
        }
      }
    }
    #expect(used.subtracting(Self.calls.keys).sorted() == [], "what does it do when it fails?")
    #expect(Set(Self.calls.keys).subtracting(used).sorted() == [])
  }

  /// The first word of a raw call is behind a bracket.
  private static func words(of line: Substring) -> [String] {
    let words = line.split(whereSeparator: { !($0.isLetter || $0.isNumber || $0 == "_") })
    return words.map(String.init)
  }

  @Test func whatIsForcedIsForced() {
    let source = Repository.lines(of: "Tests/FlowSystemTests/LauncherFaultTests.swift").joined()
    for (call, failure) in Self.calls {
      let isForced = source.contains("Fault(\"\(call)\"") || source.contains("Fault(\"\(call)@")
      #expect(isForced == (failure == .forced), "\(call)")
    }
  }
}
