import CLinux
import CTorture
import FlowStorage
import FlowSystem
import Glibc

/// The disk of a round whose power is cut: an ext4 file system in a file, mounted at the round's home. A cut
/// copies the file while it is mounted, and mounts the copy instead.
///
/// All of its mounts are in the round's own namespace and all loop devices are detached by the kernel with the
/// last mount, so nothing is left of them however the round ends.
final class ImageDisk {
  private let folder: RoundFolder
  private let plan: ImagePlan
  private var images = 0
  /// The number of the loop device.
  private var loop: Int32 = 0

  private static let bytes = 96 << 20
  private static let bootID = "/proc/sys/kernel/random/boot_id"
  private static let bootPrefix = "b0070000-0000-4000-8000-"
  /// Space for the image and its copies.
  private static let memoryBytes = 2 << 30
  private static let tries = 500

  init(_ folder: RoundFolder, _ plan: ImagePlan) {
    self.folder = folder
    self.plan = plan
  }

  private static var formatter: String? {
    ["/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4", "/usr/bin/mkfs.ext4"]
      .first { unsafe access($0, X_OK) == 0 }
  }

  /// Whether this process may have such disks.
  static var isPossible: Bool {
    guard geteuid() == 0, formatter != nil else { return false }
    return unsafe access("/dev/loop-control", R_OK | W_OK) == 0
  }

  private func image(_ number: Int) -> String { "\(folder.images)/\(number)" }

  // MARK: Life

  func create() throws(Errno) {
    try LinuxStorage().makeDirectory(folder.images)
    if plan.isInMemory {
      _ = try systemCall { unsafe torture_mount_memory(folder.images, Self.memoryBytes) }
    }
    try FileWriting.write([], to: image(0))
    _ = try systemCall { unsafe truncate(image(0), Self.bytes) }
    try format()
    _ = try systemCall {
      unsafe torture_mount_image(image(0), folder.home, plan.mountOptions, &loop)
    }
    _ = try systemCall { unsafe chmod(folder.home, 0o700) }
    try sync()
  }

  private func format() throws(Errno) {
    let line = [
      Self.formatter ?? "", "-q", "-F", "-b", String(plan.blockSize), "-E",
      "lazy_itable_init=0,lazy_journal_init=0", image(0),
    ]
    let process = try ChildProcess.start(
      line, environment: [], output: .file("\(folder.path)/mkfs"),
      errors: .file("\(folder.path)/mkfs"))
    var status: Int32 = 0
    _ = try systemCall { unsafe waitpid(process, &status, 0) }
    if ChildProcess.ending(status) != .exit(0) { throw .inputOutput }
  }

  /// Makes the beginning durable.
  private func sync() throws(Errno) {
    _ = try systemCall { unsafe torture_sync(folder.home) }
  }

  /// Replaces the disk by what a cut of the power would leave of it. No process may use it.
  ///
  /// The old mount stays until the round ends, so that the new one gets an id of its own, as after a reboot.
  func cut() throws(Errno) {
    try copy(image(images), to: image(images + 1))
    let storage = LinuxStorage()
    let (old, new) = ("\(folder.path)/old-\(images)", "\(folder.path)/new")
    for path in [old, new] { try storage.makeDirectory(path) }
    _ = try systemCall {
      unsafe torture_mount_image(image(images + 1), new, plan.mountOptions, &loop)
    }
    _ = try systemCall { unsafe torture_move_mount(folder.home, old) }
    _ = try systemCall { unsafe torture_move_mount(new, folder.home) }
    try storage.removeDirectory(new)
    images += 1
    try reboot()
  }

  /// Gives the round the boot id of another boot: all that the kernel says of it.
  private func reboot() throws(Errno) {
    let digits = String(images, radix: 16)
    let zeros = String(repeating: "0", count: 12 - digits.count)
    let file = "\(folder.path)/boot-\(images)"
    try FileWriting.write(
      Array("\(Self.bootPrefix)\(zeros)\(digits)\n".utf8), to: file)
    unsafe torture_unmount(Self.bootID)
    _ = try systemCall { unsafe torture_bind(file, Self.bootID) }
  }

  /// Copies the image as it is at one moment: again, if it was written to meanwhile.
  private func copy(_ path: String, to copy: String) throws(Errno) {
    for _ in 0..<Self.tries {
      let before = try writes()
      _ = try systemCall { unsafe torture_copy_image(path, copy) }
      if before.inFlight == 0, try writes() == before { return }
      usleep(2_000)
    }
    throw .busy
  }

  private struct Writes: Equatable {
    let done: [Int]
    let inFlight: Int
  }

  /// Counts of the kernel (Documentation/block/stat.rst): of writes, of discarded areas, and of what is under
  /// way.
  private func writes() throws(Errno) -> Writes {
    let bytes = try FileReading.bytes(of: "/sys/block/loop\(loop)/stat", limit: 4_096)
    let fields = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
      .map { Int($0) ?? 0 }
    guard fields.count > 11 else { throw .inputOutput }
    return Writes(done: [fields[4], fields[6], fields[11]], inFlight: fields[8])
  }
}
