// An entry of its own, so that @opentelemetry/api stays optional.
export { DURABLE_INSTRUMENTS } from './instruments.js';
export { observeDurableOrders } from './observe.js';
