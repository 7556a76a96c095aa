// Put before a page's own scripts: writes down what the microphone heard and when, so that a test can tell which
// sound was being made at a moment of the page's clock. The page itself notices nothing.
(() => {
  const heard = (window.__microphone = { began: null, rate: 0, pieces: [] });
  const STEP = 6;
  const inner = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (constraints) => {
    const stream = await inner(constraints);
    if (heard.began !== null || stream.getAudioTracks().length === 0) return stream;
    heard.began = Infinity;
    const context = new AudioContext({ sampleRate: 48000 });
    heard.rate = context.sampleRate / STEP;
    const tap = context.createScriptProcessor(1024, 1, 1);
    let frames = 0;
    let carried = [];
    tap.onaudioprocess = ({ inputBuffer }) => {
      const now = Date.now() / 1000;
      const samples = inputBuffer.getChannelData(0);
      frames += samples.length;
      // The quickest delivery is the nearest to the truth.
      heard.began = Math.min(heard.began, now - frames / context.sampleRate);
      const all = [...carried, ...samples];
      const whole = all.length - (all.length % STEP);
      carried = all.slice(whole);
      const piece = new Array(whole / STEP);
      for (let i = 0; i < piece.length; i++) {
        let sum = 0;
        for (let j = 0; j < STEP; j++) sum += all[i * STEP + j];
        piece[i] = Math.round((sum / STEP) * 32767);
      }
      heard.pieces.push(piece);
    };
    context.createMediaStreamSource(stream.clone()).connect(tap);
    tap.connect(context.destination);
    return stream;
  };
})();
