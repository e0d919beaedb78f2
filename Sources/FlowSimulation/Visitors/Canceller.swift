import FlowCore
import FlowRuntime

/// Cancellers stop the run: by a signal to its engine, or by a request in the run's folder.
extension World {
  func arrangeCancels() {
    if options.isCancelled {
      let time = drawTime(of: .cancel)
      arrange(.cancel(CancelRequest(id: 1, force: false)), afterMicroseconds: time)
      // As by a second Ctrl-C.
      if choices.happens(.cancel, perMille: 500) {
        let later = time + Int64(choices.choose(.cancel, below: 500_000))
        arrange(.cancel(CancelRequest(id: 2, force: true)), afterMicroseconds: later)
      }
    }
    for index in 0..<options.requests {
      let time = drawTime(of: .requests)
      let request = CancelRequest(
        id: 0x1000 + UInt64(index), force: choices.happens(.requests, perMille: 333))
      arrange(.leaveRequest(request), afterMicroseconds: time)
    }
  }

  /// A run that was created this moment, and whose engine is gone, may be cancelled while its name
  /// is not durable yet.
  func letCancellerCome() {
    guard !isHealed, options.requests > 0, checkers.history.acknowledged.isEmpty,
      choices.happens(.newRun, perMille: 500)
    else { return }
    leave(CancelRequest(id: 0x2000 + UInt64(engine.life), force: false))
  }

  /// A request is left, whether an engine lives or not. Its canceller may crash on the way.
  func leave(_ request: CancelRequest) {
    // A run that does not exist has no name to be cancelled by.
    guard let folder = run?.folder, exists(folder) else { return }
    if choices.happens(.requests, perMille: 250) {
      visitors.operationsLeft = choices.choose(.requests, below: 3)
      befell(.cancellerDies)
    }
    let isLeft = visit {
      do throws(RunError) { try CancelRequests(folder, in: storage).file(request) } catch {
        // Its user was told nothing.
        return false
      }
      return true
    }
    if isLeft { checkers.left(request) }
    visitors.operationsLeft = nil
    befell(
      request.force ? .forcedRequestLeft : .requestLeft,
      note: request.force ? "without grace" : "")
    if engine.isDead {
      befell(.requestLeftToNobody)
    } else {
      // An engine looks each second, or is told sooner.
      let delay = [0, 10_000, Self.requestLookMicroseconds][choices.choose(.requests, below: 3)]
      arrange(.requestNotice(life: engine.life), afterMicroseconds: delay)
    }
  }

  /// How long a request may lie before an engine looks.
  static let requestLookMicroseconds: Int64 = 1_000_000

  func exists(_ folder: RunFolder) -> Bool {
    visit { ((try? storage.attributes(of: folder.path)) ?? nil) != nil }
  }
}
