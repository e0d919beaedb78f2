import FlowCore
import FlowSystem
import Testing

@Suite struct EventLoopTests {
  @Test func newsEndsAWaitAndNotAPause() throws {
    let loop = EventLoop(signals: try SignalDescriptor())
    loop.hasWork = { true }
    loop.wait(until: nil)
    let time = loop.now().monotonic.advanced(byMicroseconds: 2_000)
    loop.pause(until: time)
    #expect(loop.now().monotonic >= time)
  }
}
