import CTorture
import FlowStorage
import Glibc

/// Takes processes away from a round. The kernel counts them by user, so such a round has a user of its own;
/// its processes are told that this user may have no more.
enum ProcessLimit {
  /// A user that nobody else is.
  static func user(seed: UInt64) -> UInt32 {
    0x4000_0000 + UInt32(truncatingIfNeeded: seed % 0x1000_0000)
  }

  /// Whether a round with a user of its own can reach what it needs. Only root can give it one.
  static func isPossible(_ workspace: TortureWorkspace, seed: UInt64) -> Bool {
    guard geteuid() == 0 else { return false }
    let user = user(seed: seed)
    return [workspace.folder, workspace.flow, workspace.program].allSatisfy { (path: String) in
      unsafe torture_user_may_execute(user, path) == 1
    }
  }

  /// Makes the files those of the user of the seed, and this process one of this user.
  static func become(userOf seed: UInt64, owning paths: [String]) throws(Errno) {
    for path in paths where unsafe chown(path, user(seed: seed), user(seed: seed)) != 0 {
      throw Errno(rawValue: errno)
    }
    if torture_become(user(seed: seed)) != 0 { throw Errno(rawValue: errno) }
  }

  static func becomeRootAgain() {
    torture_be_root()
  }

  /// Forbids all descendants, which are processes of the round's user, to have more than `spare` others.
  ///
  /// - Returns: how many the user may have.
  static func set(spare: Int) -> Int {
    let processes = Descendant.all()
    // This process is one of the user's too.
    let most = processes.count + spare
    for process in processes { torture_limit_processes(process.process, most) }
    return most
  }

  /// Ends all limits. A process may have inherited one meanwhile.
  static func lift() {
    for _ in 0..<20 {
      var isChanged = false
      for process in Descendant.all() where torture_limit_processes(process.process, -1) > 0 {
        isChanged = true
      }
      if !isChanged { return }
    }
  }
}
