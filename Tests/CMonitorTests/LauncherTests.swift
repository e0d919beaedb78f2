import CMonitor
import Glibc
import Testing

@Suite struct LauncherTests {
  /// A launcher with monitors 100, 101 … for the requests 0, 1 …
  private func launcher(monitors: Int, capacity: Int = 4) -> Launcher {
    let launcher = Launcher(capacity: capacity)
    for id in 0..<monitors {
      let actions = launcher.request(UInt32(id)) + launcher.forked(Int64(100 + id))
      precondition(actions == [.fork(UInt32(id))], "no monitor was forked")
    }
    return launcher
  }

  @Test func aRequestIsAMonitorWhoseEndIsTold() {
    let launcher = Launcher(capacity: 4)
    #expect(launcher.request(7) == [.fork(7)])
    #expect(launcher.forked(100) == [])
    #expect(launcher.childEnded(100) == [.reportMonitorGone(7)])
    // Its process id can be reused now.
    #expect(launcher.request(8) == [.fork(8)])
    #expect(launcher.forked(100) == [])
    #expect(launcher.childEnded(100) == [.reportMonitorGone(8)])
  }

  @Test func monitorsEndInAnyOrder() {
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
      let launcher = launcher(monitors: 3)
      for id in order {
        #expect(launcher.childEnded(Int64(100 + id)) == [.reportMonitorGone(UInt32(id))])
      }
    }
  }

  @Test(arguments: [EAGAIN, ENOMEM])
  func aForkThatFailsIsTold(error: Int32) {
    let launcher = Launcher(capacity: 1)
    #expect(launcher.request(7) == [.fork(7)])
    #expect(launcher.forked(Int64(-error)) == [.reportForkFailed(7, error: error)])
    #expect(launcher.request(8) == [.fork(8)])
  }

  @Test func beyondItsCapacityItForksNothing() {
    let launcher = launcher(monitors: 2, capacity: 2)
    #expect(launcher.request(2) == [.reportForkFailed(2, error: EAGAIN)])
    #expect(launcher.childEnded(100) == [.reportMonitorGone(0)])
    #expect(launcher.request(3) == [.fork(3)])
    #expect(launcher.forked(102) == [])
    #expect(launcher.request(4) == [.reportForkFailed(4, error: EAGAIN)])
    #expect(Launcher(capacity: 0).request(5) == [.reportForkFailed(5, error: EAGAIN)])
  }

  @Test func orphansThatFellToItAreNobodys() {
    let launcher = launcher(monitors: 1)
    #expect(launcher.childEnded(55) == [])
    #expect(launcher.childEnded(100) == [.reportMonitorGone(0)])
    #expect(launcher.childEnded(100) == [])
  }

  // MARK: Without an engine

  @Test func withoutMonitorsItGoesWithItsEngine() {
    #expect(Launcher(capacity: 4).engineGone() == [.releaseLock, .exit])
    let launcher = launcher(monitors: 1)
    _ = launcher.childEnded(100)
    #expect(launcher.engineGone() == [.releaseLock, .exit])
  }

  @Test func itStaysUntilItsLastMonitorHasEnded() {
    let launcher = launcher(monitors: 3)
    #expect(launcher.engineGone() == [.releaseLock])
    #expect(launcher.childEnded(101) == [])
    #expect(launcher.childEnded(55) == [])
    #expect(launcher.childEnded(100) == [])
    #expect(launcher.childEnded(102) == [.exit])
  }

  @Test func requestsThatCameTooLateAreDropped() {
    let launcher = launcher(monitors: 1, capacity: 1)
    #expect(launcher.engineGone() == [.releaseLock])
    for id in 5..<9 { #expect(launcher.request(UInt32(id)) == []) }
    #expect(launcher.childEnded(100) == [.exit])
  }

  @Test func anEngineIsGoneOnce() {
    let launcher = launcher(monitors: 1)
    #expect(launcher.engineGone() == [.releaseLock])
    #expect(launcher.engineGone() == [])
    #expect(launcher.childEnded(100) == [.exit])
    #expect(launcher.engineGone() == [])
    #expect(launcher.childEnded(55) == [])
  }

  // MARK: Random events

  @Test(arguments: 0..<300)
  func holdsWhateverHappens(seed: Int) {
    var dice = Dice(seed: seed)
    let capacity = dice.below(5)
    let launcher = Launcher(capacity: capacity)
    var monitors: [Int64: UInt32] = [:]
    var isEngineGone = false
    for id in 0..<UInt32(200) {
      switch dice.below(10) {
      case 0..<5:
        let actions = launcher.request(id)
        if isEngineGone {
          #expect(actions == [])
        } else if monitors.count == capacity {
          #expect(actions == [.reportForkFailed(id, error: EAGAIN)])
        } else {
          #expect(actions == [.fork(id)])
          // Process ids are reused soon.
          let process = dice.pick((1...20).filter { monitors[$0] == nil })
          if dice.percent(20) {
            #expect(launcher.forked(-11) == [.reportForkFailed(id, error: 11)])
          } else {
            #expect(launcher.forked(process) == [])
            monitors[process] = id
          }
        }
      case 5..<9:
        let process = Int64(1 + dice.below(20))
        let ended = monitors.removeValue(forKey: process)
        let actions = launcher.childEnded(process)
        if let ended, !isEngineGone {
          #expect(actions == [.reportMonitorGone(ended)])
        } else {
          #expect(actions == (ended != nil && monitors.isEmpty ? [.exit] : []))
        }
      default:
        guard dice.percent(5) || isEngineGone else { continue }
        let expected: [Launcher.Action] =
          isEngineGone ? [] : monitors.isEmpty ? [.releaseLock, .exit] : [.releaseLock]
        #expect(launcher.engineGone() == expected)
        isEngineGone = true
      }
    }
  }
}
