// Put before a page's own scripts: writes down what the microphone heard and when, so that a test can tell which
// sound was being made at a moment of the page's clock. The page itself notices nothing.
(() => {
  const heard = (window.__microphone = { began: null, rate: 0, pieces: [] });
  const STEP = 6;
  const inner = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);

  // Frames carry the time of their capture, so that one that is lost shifts nothing.
  async function listen(track) {
    const reader = new MediaStreamTrackProcessor({ track, maxBufferSize: 200 }).readable.getReader();
    for (;;) {
      const { value: frame, done } = await reader.read();
      if (done) return;
      const at = frame.timestamp / 1e6;
      const now = Date.now() / 1000;
      const length = frame.numberOfFrames;
      // The quickest delivery is the nearest to the truth.
      const lag = now - at - length / frame.sampleRate;
      if (heard.began === null || lag < heard.began) heard.began = lag;
      heard.rate = frame.sampleRate / STEP;
      const samples = new Float32Array(length);
      frame.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      frame.close();
      const piece = [];
      for (let i = 0; i + STEP <= length; i += STEP) {
        let sum = 0;
        for (let j = 0; j < STEP; j++) sum += samples[i + j];
        piece.push(Math.round((sum / STEP) * 32767));
      }
      heard.pieces.push([at, piece]);
    }
  }

  let listening = false;
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await inner(constraints);
    const [track] = stream.getAudioTracks();
    if (track && !listening) {
      listening = true;
      listen(track.clone());
    }
    return stream;
  };
})();
