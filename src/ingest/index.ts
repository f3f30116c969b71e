export { createWebhookAuth } from './auth.ts';
export type { WebhookAuthOptions } from './auth.ts';
export { createDeliveryWriter } from './delivery-writer.ts';
export type { DeliveryWriter, DeliveryWriterOptions } from './delivery-writer.ts';
export { createWebhooks } from './webhooks.ts';
export type { Webhooks } from './webhooks.ts';
