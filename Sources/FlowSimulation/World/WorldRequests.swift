import FlowCore
import FlowRuntime

/// Those who cancel the run: by a signal to its engine, or by a request in the run's folder.
extension World {
  func arrangeCancels() {
    if options.isCancelled {
      let time = drawTime(of: .cancel)
      arrange(.cancel(CancelRequest(id: 1, force: false)), afterMicroseconds: time)
      // As who presses Ctrl-C twice.
      if choices.happens(.cancel, perMille: 500) {
        let later = time + Int64(choices.choose(.cancel, below: 500_000))
        arrange(.cancel(CancelRequest(id: 2, force: true)), afterMicroseconds: later)
      }
    }
    for index in 0..<options.requests {
      let time = drawTime(of: .requests)
      let request = CancelRequest(
        id: 0x1000 + UInt64(index), force: choices.happens(.requests, perMille: 333))
      arrange(.leaveRequest(request), at: now.advanced(byMicroseconds: time))
    }
  }

  /// Whoever finds a run that was created this moment, and whose engine is gone, may not want it: its
  /// name may not be durable yet.
  func letCancellerCome() {
    guard !isHealed, options.requests > 0, checkers.acknowledged.isEmpty,
      choices.happens(.newRun, perMille: 500)
    else { return }
    leave(CancelRequest(id: 0x2000 + UInt64(life), force: false))
  }

  /// Somebody leaves a request, whether an engine lives or not. He may die of it.
  func leave(_ request: CancelRequest) {
    // Of a run that is not there nobody knows the name.
    guard let folder = runFolder, hasRun(folder) else { return }
    if choices.happens(.requests, perMille: 250) {
      visitorOperations = choices.choose(.requests, below: 3)
      hit(.cancellerDies)
    }
    defer { visitorOperations = nil }
    visit {
      do throws(RunError) {
        try CancelRequests(folder, in: storage).file(request)
        checkers.left(request, at: now)
      } catch {
        // Nobody was told anything.
      }
    }
    trace.note(.requestLeft, nil, request.force ? "without grace" : "")
    hit(request.force ? .forcedRequestLeft : .requestLeft)
    if isEngineDead {
      hit(.requestLeftToNobody)
    } else {
      // An engine looks each second, or is told sooner.
      let delay = [0, 10_000, Self.requestLookMicroseconds][choices.choose(.requests, below: 3)]
      arrange(.requestNotice(life: life), at: now.advanced(byMicroseconds: delay))
    }
  }

  /// How long a request may lie before an engine looks.
  static let requestLookMicroseconds: Int64 = 1_000_000

  private func hasRun(_ folder: RunFolder) -> Bool {
    visit { ((try? storage.attributes(of: folder.path)) ?? nil) != nil }
  }
}
