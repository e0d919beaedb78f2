import FlowStorage

/// Cuts of the power.
extension Round {
  func cutPower(_ cut: PowerCut) {
    guard let disk, failure == nil else { return }
    world.resume()
    killAll()
    guard world.killAll() else {
      failure = RoundFailure(text: "processes do not die: \(Descendant.all())")
      return
    }
    record.cuts.append(RoundWorld.now)
    world.note("all processes are dead")
    world.wait(microseconds: cut.milliseconds * 1_000)
    do throws(Errno) { try disk.cut() } catch {
      failure = RoundFailure(text: "cannot cut the power of \(folder.path): \(error)")
      return
    }
    totals.cuts += 1
    world.note("cut the power")
  }
}
