// A bare browser phone for tests of the telephony alone: registers, answers whatever rings, and tells what happens.
// The address' fragment holds {ws, uri, password} as JSON.
import JsSIP from "jssip";

const settings = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const phone = (window.phone = { registered: false, calls: 0, up: false, log: [] });
const audio = document.querySelector("audio");
// The voice as it is: noise suppression takes steady tones away.
const PLAIN = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

const ua = new JsSIP.UA({
  sockets: [new JsSIP.WebSocketInterface(settings.ws)],
  uri: settings.uri,
  password: settings.password,
  register: true,
  session_timers: false,
});

function note(what) {
  phone.log.push([Date.now() / 1000, what]);
}

ua.on("registered", () => {
  phone.registered = true;
  note("registered");
});
ua.on("registrationFailed", (e) => note(`registration failed: ${e.cause}`));
ua.on("newRTCSession", ({ session }) => {
  phone.session = session;
  session.on("accepted", () => note("accepted"));
  session.on("confirmed", () => {
    phone.up = true;
    phone.calls += 1;
    note("up");
  });
  for (const end of ["ended", "failed"]) {
    session.on(end, (e) => {
      phone.up = false;
      note(`${end}: ${e.cause}`);
    });
  }
  session.on("peerconnection", ({ peerconnection }) => {
    peerconnection.addEventListener("track", (e) => {
      audio.srcObject = e.streams[0];
    });
  });
  session.answer({ mediaConstraints: { audio: PLAIN, video: false }, pcConfig: { iceServers: [] } });
});
ua.start();
